import type { PartyId, PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import type { AdminPartyDetails, AdminRelay } from '../admin.api';
import {
  renderBans,
  renderDrained,
  renderParties,
  renderParty,
  renderRelays,
  renderUndrained,
} from './rendering';

const nowMs = Date.parse('2026-11-24T12:00:00.000Z');
const longName = 'Ж'.repeat(50);
const publicKey = `${'k'.repeat(43)}=` as PublicKey;
const party: AdminPartyDetails = {
  id: '4f0c2a91be77' as PartyId,
  name: longName,
  createdAt: '2026-11-20T12:00:00.000Z',
  playerCount: 1000,
  maxPeers: 64_769,
  hostId: '0123456789abcdef' as PeerId,
  hostName: longName,
  ownerId: '0123456789abcdef' as PeerId,
  settings: { locked: true, public: true, persistent: true, hasPassword: true, sealed: true },
  members: [
    {
      ...{ peerId: '0123456789abcdef' as PeerId, publicKey, name: `${longName}\u001b[2J` },
      ...{ joinedAt: '2026-11-20T12:00:00.000Z', connected: true },
    },
  ],
};
const relay: AdminRelay = {
  ...{ id: 'r'.repeat(64), region: 'x'.repeat(32), state: 'connecting', draining: 'operator', unproven: [] },
  ...{ publicAddress: '2001:db8:1111:2222:3333:4444:5555:6666', fault: 'unreached' },
  ...{ pairs: 99_999, capacityPairs: 100_000, packetsPerSecond: 342_000.4, bytesPerSecond: 1 },
  eventLoopDelayMs: 1234.5,
};

describe('what lanrage-admin says', () => {
  it.each([
    ['parties', renderParties({ parties: [party], nextCursor: `${nowMs}-4f0c2a91be77` }, nowMs)],
    ['a party', renderParty(party, nowMs)],
    [
      'bans',
      renderBans({
        bans: [{ peerId: party.hostId, publicKey, name: longName, bannedAt: party.createdAt }],
        nextCursor: null,
      }),
    ],
    ['relays', renderRelays({ relays: [relay] })],
    ['a drained relay', renderDrained({ ...relay, id: 'fra-1', alternative: false })],
  ])('fits a terminal, and cannot move its cursor: %s', (_what, text) => {
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text).not.toContain('\u001b');
  });

  it('shows keys and ids whole', () => {
    expect(renderParty(party, nowMs)).toContain(publicKey);
    expect(renderParties({ parties: [party], nextCursor: null }, nowMs)).toMatch(/^ID.*\n4f0c2a91be77 /);
  });

  it.each([
    ['2026-11-24T11:59:30.000Z', '30 s'],
    ['2026-11-24T09:00:00.000Z', '3 h'],
    ['2026-11-20T11:00:00.000Z', '4 d'],
  ])('says how old a party is: since %s, %s', (createdAt, age) => {
    const text = renderParties({ parties: [{ ...party, createdAt }], nextCursor: null }, nowMs);
    expect(text).toContain(` ${age} `);
  });

  it('says what there is nothing of', () => {
    expect(renderParties({ parties: [], nextCursor: null }, nowMs)).toBe('No party was found.');
    expect(renderBans({ bans: [], nextCursor: null })).toBe('Nobody is banned from the server.');
    expect(renderRelays({ relays: [] })).toBe('The server knows no relay.');
    expect(renderParty({ ...party, hostName: null, members: [] }, nowMs)).toMatch(/\nNobody is in it\.$/);
  });

  it('says which relays players do not reach, and what to look at', () => {
    const text = renderRelays({ relays: [{ ...relay, id: 'fra-1', publicAddress: '192.0.2.1' }] });
    expect(text.replaceAll('\n', ' ')).toContain(
      'fra-1: none of the players who tried can reach it at 192.0.2.1. Check its LANRAGE_PUBLIC_ADDRESS',
    );
    expect(renderRelays({ relays: [{ ...relay, fault: null }] })).not.toContain('LANRAGE_PUBLIC_ADDRESS');
  });

  it('says when a relay goes on draining by itself', () => {
    expect(renderUndrained({ ...relay, draining: null })).toMatch(/takes pairs again/);
    expect(renderUndrained({ ...relay, draining: 'itself' })).toMatch(/is draining/);
  });
});
