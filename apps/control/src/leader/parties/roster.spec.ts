import type { PartyId, PeerId } from '#shared/party/identity';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import { Roster } from './roster';

const [alice, bob, carol] = ['a', 'b', 'c'].map((digit) => digit.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const id = 'aaaaaaaaaaaa' as PartyId;
const other = 'bbbbbbbbbbbb' as PartyId;
const party = (revision: number, peerIds: readonly PeerId[], partyId = id) => ({
  id: partyId,
  revision,
  network: DEFAULT_NETWORK,
  members: peerIds.map((peerId) => ({ peerId })),
});

describe('Roster', () => {
  let roster: Roster;
  beforeEach(() => {
    roster = new Roster();
    roster.learn(party(2, [alice, bob]), 0);
  });

  it('knows members, those in no party, and whom it does not know', () => {
    roster.learnHomeless(carol, 0);
    expect([alice, carol, 'd' as PeerId].map((peerId) => roster.partyOf(peerId, 1))).toEqual([
      id,
      null,
      undefined,
    ]);
    expect(roster.membersOf(id)).toEqual([alice, bob]);
  });

  it('follows changes, and forgets who has gone', () => {
    roster.learn(party(3, [alice, carol]), 1);
    expect(roster.membersOf(id)).toEqual([alice, carol]);
    expect(roster.partyOf(bob, 1)).toBeUndefined();
    expect(roster.partyOf(carol, 1)).toBe(id);
  });

  it('takes no older word for a newer one', () => {
    roster.learn(party(1, [alice]), 1);
    expect(roster.membersOf(id)).toEqual([alice, bob]);
  });

  it('does not lose a peer that went to another party before its old one was heard of', () => {
    roster.learn(party(1, [bob], other), 1);
    roster.learn(party(3, [alice]), 2);
    expect(roster.partyOf(bob, 2)).toBe(other);
  });

  it('takes no answer for newer than its question', () => {
    roster.learn(party(1, [carol], other), 5);
    roster.learnHomeless(carol, 4);
    expect(roster.partyOf(carol, 6)).toBe(other);
    roster.end(other, 6);
    roster.learn(party(1, [carol], other), 4);
    expect(roster.partyOf(carol, 7)).toBeUndefined();
  });

  it('trusts what it knows for ten seconds', () => {
    expect(roster.partyOf(alice, 9_999)).toBe(id);
    expect(roster.partyOf(alice, 10_000)).toBeUndefined();
  });

  it('goes on with the next revision, and doubts the party after a gap', () => {
    roster.advance(id, 3);
    expect(roster.partyOf(alice, 1)).toBe(id);
    roster.advance(id, 3);
    expect(roster.partyOf(alice, 1)).toBe(id);
    roster.advance(id, 5);
    expect(roster.partyOf(alice, 1)).toBeUndefined();
    expect(roster.membersOf(id)).toBeNull();
  });

  it('keeps nothing of parties that are over, and of peers that are gone', () => {
    roster.learnHomeless(carol, 0);
    roster.forget(id);
    roster.forgetPeer(carol);
    expect(roster.size).toBe(0);
  });
});
