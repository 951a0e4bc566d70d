import { machineFixture, peerFixture, settingsFixture } from '../../../../test/fixtures/party';
import {
  latencyText,
  nothingKnown,
  spoken,
  warningsOf,
  withEvent,
  withStatus,
  type InParty,
  type Model,
} from './model';

const natInfo = {
  natType: 'unknown',
  mapping: 'unknown',
  filtering: 'unknown',
  portPreservation: null,
  publicEndpoint: null,
  hairpinning: null,
  relayOnly: false,
  detectedAt: null,
  stunServers: [],
} as const;
const alice = { ...peerFixture, isSelf: true, isHost: true, connectionType: 'host' } as const;
const bob = { ...peerFixture, id: 'b'.repeat(16), name: 'Bob', joinedAt: '2026-01-01T00:00:01.000Z' };
const inParty = {
  ...machineFixture,
  status: 'in_party',
  peerCount: 2,
  natInfo,
  controlConnected: true,
  party: {
    id: '0123456789ab',
    name: 'LAN',
    hostId: alice.id,
    ownerId: alice.id,
    createdAt: alice.joinedAt,
    maxPeers: 8,
    network: '10.66.0.0/16',
    settings: settingsFixture,
    peers: [alice, bob],
  },
} as unknown as InParty;
const known: Model = withStatus(nothingKnown, inParty);
const partyOf = ({ status }: Model) => (status as InParty).party;

describe('what the page knows', () => {
  it('keeps the round trips of the others, the latest 60; none of who is not reached', () => {
    let model = nothingKnown;
    for (let count = 0; count < 70; count++) {
      const peers = [alice, { ...bob, latencyMs: count }];
      model = withStatus(model, { ...inParty, party: { ...inParty.party, peers } });
    }
    expect([...model.pings.keys()]).toEqual([bob.id]);
    expect(model.pings.get(bob.id)).toEqual(Array.from({ length: 60 }, (_, index) => index + 10));
    const peers = [alice, { ...bob, latencyMs: 5, connectionType: 'failed' }];
    model = withStatus(model, { ...inParty, party: { ...inParty.party, peers } } as InParty);
    expect(model.pings.get(bob.id)?.at(-1)).toBeNull();
  });

  it('follows players as they come, go and change their paths', () => {
    const carol = { ...bob, id: 'c'.repeat(16), name: 'Carol', joinedAt: '2026-01-01T00:00:00.500Z' };
    const joined = withEvent(known, { event: 'peerJoined', data: carol } as never);
    expect(partyOf(joined).peers.map(({ name }) => name)).toEqual(['Alice', 'Carol', 'Bob']);
    const direct = withEvent(joined, {
      event: 'connectionChanged',
      data: { ...bob, connectionType: 'direct' },
    } as never);
    expect(partyOf(direct).peers.map(({ connectionType }) => connectionType)).toEqual([
      'host',
      'relayed',
      'direct',
    ]);
    const left = withEvent(direct, { event: 'peerLeft', data: carol } as never);
    expect([partyOf(left).peers.length, (left.status as InParty).peerCount]).toEqual([2, 2]);
    const handed = withEvent(left, { event: 'hostChanged', data: bob } as never);
    expect(partyOf(handed).peers.map(({ isHost }) => isHost)).toEqual([false, true]);
  });

  it('is in no party when it has ended, and says why', () => {
    const data = { code: 'KICKED', message: 'The host removed you.' };
    expect(withEvent(known, { event: 'ended', data }).status).toMatchObject({
      status: 'no_party',
      endedBecause: data,
    });
    expect(withEvent(nothingKnown, { event: 'controlLost', data: null })).toBe(nothingKnown);
  });

  it('speaks of what is new alone', () => {
    expect(spoken(known, { event: 'connectionChanged', data: bob } as never)).toBeNull();
    expect(
      spoken(known, { event: 'connectionChanged', data: { ...bob, connectionType: 'direct' } } as never),
    ).toBe('Bob: direct.');
  });

  it('warns of what keeps the party from what it could be', () => {
    expect(warningsOf(inParty)).toEqual([]);
    const away = withEvent(known, { event: 'controlLost', data: null }).status as InParty;
    expect(warningsOf(away)).toEqual([expect.stringContaining('The server cannot be reached')]);
  });

  it.each([
    [null, '–'],
    [0.42, '0.4 ms'],
    [12.6, '13 ms'],
  ])('writes %s as %s', (latencyMs, text) => {
    expect(latencyText(latencyMs)).toBe(text);
  });
});
