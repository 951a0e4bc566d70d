import type { PartyId, PeerId } from '#shared/party/identity';
import type { Party } from '../party/party';
import {
  renderBans,
  renderInvite,
  renderInvites,
  renderOwnedParties,
  renderPartyChanged,
  renderPartyPage,
  renderState,
  renderStateValue,
  renderTerms,
} from './party-rendering';
import { settingsFixture as settings } from '../../../../test/fixtures/party';

const special = { ...settings, locked: true, public: true, persistent: true, hasPassword: true };
const link = `https://discord.com/${'x'.repeat(40)}`;
const longest = 'M'.repeat(50);
const widest = (text: string) => Math.max(...text.split('\n').map(({ length }) => length));
const peerId = 'a'.repeat(16) as PeerId;
const ban = (name: string | null) => ({ peerId, name, bannedAt: '2026-01-02T03:04:05.000Z' });
const listed = (name: string, hasPassword: boolean) => ({
  id: '0123456789ab' as PartyId,
  name,
  playerCount: 200,
  maxPeers: 64_000,
  hasPassword,
});

describe('what hosts read', () => {
  it('terms: only what is special', () => {
    expect(renderTerms(settings)).toEqual([]);
    expect(renderTerms({ ...special, discordUrl: link })).toEqual([
      'locked · public · password · persistent',
      `Voice and screens: ${link}`,
    ]);
  });

  it('a change', () => {
    const party = { name: 'Finals', maxPeers: 8, settings: { ...special, discordUrl: link } } as Party;
    const text = renderPartyChanged(party);
    expect(text.replace(/\n/g, ' ')).toBe(
      `The party is "Finals" now: at most 8 players, locked, public, password, persistent; voice: ${link}`,
    );
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('bans', () => {
    expect(renderBans({ bans: [] })).toBe('Nobody is banned.');
    const text = renderBans({ bans: [ban(longest), ban(null)] });
    expect(text).toMatch(/\n– +a{16} +2026-01-02 03:04 UTC$/);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('owned parties, and how to close one', () => {
    expect(renderOwnedParties({ parties: [], most: 5 }, '/var/lib/lanrage')).toBe(
      'The player whose key is in /var/lib/lanrage owns no persistent party on this\nserver.',
    );
    const at = '2026-01-02T03:04:05.000Z';
    const owned = (name: string, emptySince: string | null) => ({
      ...{ id: '0123456789ab' as PartyId, name, playerCount: 0, maxPeers: 64_000 },
      ...{ createdAt: at, emptySince },
    });
    const text = renderOwnedParties({ parties: [owned(longest, at), owned('Club', null)], most: 5 }, '/');
    expect(text).toMatch(/ 2026-01-02 03:04 UTC\n0123456789ab +Club +0 of 64000\n\n/);
    expect(text).toMatch(/allows one owner 5\. Close one with: lanrage close ID$/);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('public parties, and how to see more', () => {
    expect(renderPartyPage({ parties: [], nextCursor: null })).toBe('No public party was found.');
    const parties = [listed(longest, true), listed('Club', false)];
    const text = renderPartyPage({ parties, nextCursor: '1700000000000-0123456789ab' });
    expect(text).toMatch(/\n0123456789ab +Club +200 of 64000\n/);
    expect(text).toMatch(/--cursor 1700000000000-0123456789ab$/);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('shared state', () => {
    expect(renderState({ version: 0, entries: [] })).toBe('The party shares nothing yet.');
    const entries = [{ key: 'k'.repeat(64), value: 'v'.repeat(1000), version: 123_456 }];
    expect(widest(renderState({ version: 1, entries }))).toBeLessThanOrEqual(80);
    expect(renderStateValue({ key: 'map', value: 'de_dust2', version: 1 })).toBe('de_dust2');
  });

  it.each(['Eve\u001b[2J', 'Eve\nerror NOT_REALLY', 'Eve\u202e'])(
    'no control over the terminal: %j',
    (name) => {
      const texts = [
        renderBans({ bans: [ban(name)] }),
        renderPartyPage({ parties: [listed(name, false)], nextCursor: null }),
        renderState({ version: 1, entries: [{ key: name, value: name, version: 1 }] }),
        renderPartyChanged({ name, maxPeers: 8, settings }),
      ];
      for (const text of texts) {
        expect(text).toContain('Eve\ufffd');
        for (const character of ['\u001b', '\u202e', '\nerror']) expect(text).not.toContain(character);
      }
    },
  );
});

describe('an invite link', () => {
  const invite = {
    id: '3f9a01c2',
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-01-02T03:04:05.000Z',
    uses: 1,
    maxUses: 3,
  };

  it('stands whole on the first line, with what it is worth', () => {
    const link = `https://lan.example.org/#join=${'x'.repeat(80)}`;
    const lines = renderInvite({ ...invite, link }).split('\n');
    expect(lines[0]).toBe(link);
    expect(lines.join(' ')).toMatch(/until 2026-01-02 03:04 UTC, for 3 players.*lanrage uninvite 3f9a01c2$/);
  });

  it('says so when it leads to this machine alone', () => {
    expect(renderInvite({ ...invite, link: 'http://127.0.0.1:8080/#join=x' })).toMatch(/--server URL$/);
  });

  it('is listed with its uses', () => {
    const invites = [invite, { ...invite, maxUses: null }];
    expect(renderInvites({ invites }).replace(/ +/g, ' ')).toBe(
      'ID GOOD UNTIL USED\n3f9a01c2 2026-01-02 03:04 UTC 1 of 3\n3f9a01c2 2026-01-02 03:04 UTC 1',
    );
    expect(renderInvites({ invites: [] })).toBe('No invite link is valid right now.');
  });
});
