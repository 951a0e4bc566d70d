import type { LeaveReason, Member, PartySnapshot, RelayRefusal, RelaySession } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import {
  applyEvent,
  changesBetween,
  membershipOf,
  presentMembers,
  withGoodbye,
  withoutDoubted,
  type Membership,
  type MembershipEvent,
  type Witness,
} from './membership';
import { settingsFixture } from '../../../../test/fixtures/party';

const partyId = '0123456789ab' as PartyId;
const [alice, bob, carol] = ['a', 'b', 'c'].map((letter) => letter.repeat(16)) as [PeerId, PeerId, PeerId];
const session = (port: number): RelaySession => ({
  relayId: 'relay',
  endpoint: parseEndpoint(`192.0.2.1:${port}`) as Endpoint,
});
const member = (id: PeerId, changes: Partial<Member> = {}): Member => ({
  id,
  name: id.slice(0, 1),
  publicKey: 'key' as PublicKey,
  virtualIp: '10.66.0.1',
  joinedAt: '2026-01-01T00:00:00.000Z',
  online: true,
  natType: 'unknown',
  endpoint: null,
  direct: true,
  udp: 'unknown',
  voucher: null,
  ...changes,
});
const snapshot: PartySnapshot = {
  id: partyId,
  name: 'Gaming Night',
  hostId: alice,
  ownerId: alice,
  createdAt: '2026-01-01T00:00:00.000Z',
  maxPeers: 8,
  settings: settingsFixture,
  network: DEFAULT_NETWORK,
  revision: 5,
  members: [member(alice), member(bob)],
  relays: { [alice]: session(1), [bob]: session(2) },
  timedOut: [],
};
const refused = session(666);
const answering = new Set<PeerId>();
const witness: Witness = {
  mayName: (endpoint) => endpoint !== refused.endpoint,
  isAnswering: (id) => answering.has(id),
};
const party = membershipOf(snapshot, witness);

const joined = (revision: number): MembershipEvent => ({
  name: 'member.joined',
  data: { partyId, revision, member: member(carol), relay: session(3) },
});
const left = (revision: number, peerId: PeerId): MembershipEvent => ({
  name: 'member.left',
  data: { partyId, revision, peerId, reason: 'left', hostId: bob },
});
const presence = (peerId: PeerId, online: boolean): MembershipEvent => ({
  name: 'member.presence',
  data: { partyId, peerId, online, natType: 'symmetric', endpoint: null, direct: true, udp: 'relays' },
});

const apply = (membership: Membership, ...events: MembershipEvent[]) =>
  events.reduce((current, event) => applyEvent(current, event, witness).membership, membership);
const ids = (membership: Membership) => presentMembers(membership).map(({ id }) => id);

describe('changes of membership', () => {
  it('are applied in order', () => {
    const after = apply(party, joined(6), left(7, alice));
    expect(ids(after)).toEqual([bob, carol]);
    expect(after).toMatchObject({ revision: 7, hostId: bob });
    expect(after.relays).toEqual(
      new Map([
        [bob, session(2).endpoint],
        [carol, session(3).endpoint],
      ]),
    );
  });

  it.each([4, 5])('that are old news (%i) change nothing', (revision) => {
    expect(applyEvent(party, joined(revision), witness)).toEqual({ membership: party, missed: false });
  });

  it('with a gap before them are not applied, and show it', () => {
    expect(applyEvent(party, joined(7), witness)).toEqual({ membership: party, missed: true });
  });

  it('of another party change nothing', () => {
    const elsewhere = {
      name: 'member.left',
      data: { ...left(6, bob).data, partyId: 'f'.repeat(12) as PartyId },
    };
    expect(applyEvent(party, elsewhere as MembershipEvent, witness)).toEqual({
      membership: party,
      missed: false,
    });
  });
});

describe('what is not numbered', () => {
  it('presence: the newest word wins, and the count stays', () => {
    const after = apply(party, presence(bob, false));
    expect(after.members.get(bob)).toMatchObject({ online: false, natType: 'symmetric' });
    expect(after.revision).toBe(5);
  });

  it('presence of a stranger changes nothing', () => {
    expect(apply(party, presence(carol, true))).toEqual(party);
  });

  it('relay sessions: those that are named change', () => {
    const after = apply(party, {
      name: 'relays.changed',
      data: { partyId, relays: { [bob]: null } },
    });
    expect(after.relays).toEqual(
      new Map([
        [alice, session(1).endpoint],
        [bob, null],
      ]),
    );
  });
});

describe('a goodbye', () => {
  const after = withGoodbye(party, bob);

  it('takes the member out of sight, though the server still has it', () => {
    expect(ids(after)).toEqual([alice]);
    expect(after.members.has(bob)).toBe(true);
  });

  it('of a stranger changes nothing', () => {
    expect(withGoodbye(party, carol)).toBe(party);
  });

  it('holds while the server has the member offline', () => {
    const offline = { ...snapshot, members: [member(alice), member(bob, { online: false })] };
    expect(ids(membershipOf(offline, witness, after))).toEqual([alice]);
    expect(ids(apply(after, presence(bob, false)))).toEqual([alice]);
  });

  it.each<[string, Membership]>([
    ['in a snapshot', membershipOf(snapshot, witness, after)],
    ['by its presence', apply(after, presence(bob, true))],
    [
      'by joining',
      apply(after, left(6, bob), {
        ...joined(7),
        data: { ...joined(7).data, member: member(bob) },
      } as MembershipEvent),
    ],
  ])('is forgotten when the member shows up again %s', (_name, seenAgain) => {
    expect(ids(seenAgain)).toContain(bob);
  });
});

describe('a member of whom the server says that it timed out', () => {
  const timedOut = (revision: number, peerId: PeerId): MembershipEvent => ({
    name: 'member.left',
    data: { ...left(revision, peerId).data, reason: 'timed_out' } as AgentEvents['member.left'],
  });
  const removed = (revision: number, reason: LeaveReason): MembershipEvent => ({
    name: 'member.left',
    data: { ...left(revision, bob).data, reason } as AgentEvents['member.left'],
  });
  const joinedBy = (revision: number, changes: Partial<Member>, id = bob): MembershipEvent => ({
    name: 'member.joined',
    data: { partyId, revision, member: member(id, changes), relay: null },
  });
  const own = member(alice, { virtualIp: '10.66.0.9' });
  const withoutBob = { ...snapshot, revision: 9, members: [own], relays: {} };
  beforeEach(() => answering.add(bob));
  afterEach(() => answering.clear());

  it('is gone when it does not answer here', () => {
    answering.clear();
    expect(ids(apply(party, timedOut(6, bob)))).toEqual([alice]);
    expect(ids(membershipOf({ ...withoutBob, timedOut: [bob] }, witness, party))).toEqual([alice]);
  });

  it('is in doubt when it answers, offline and without a relay', () => {
    const after = apply(party, timedOut(6, bob));
    expect(ids(after)).toEqual([alice, bob]);
    expect(after.doubted.get(bob)).toMatchObject({ online: false });
    expect(after.members.has(bob) || after.relays.has(bob)).toBe(false);
    expect(changesBetween(party, after)).toMatchObject({ joined: [], left: [] });
  });

  it('is gone when it said goodbye before, or does so now', () => {
    expect(ids(apply(withGoodbye(party, bob), timedOut(6, bob)))).toEqual([alice]);
    expect(ids(withGoodbye(apply(party, timedOut(6, bob)), bob))).toEqual([alice]);
  });

  it('is gone when it answers no more', () => {
    const after = withoutDoubted(apply(party, timedOut(6, bob)), bob);
    expect(ids(after)).toEqual([alice]);
    expect(withoutDoubted(after, bob)).toBe(after);
  });

  it.each<LeaveReason>(['left', 'kicked', 'banned'])('is gone when the server says that it %s', (reason) => {
    expect(ids(apply(party, timedOut(6, bob), removed(7, reason)))).toEqual([alice]);
    expect(ids(apply(party, removed(6, reason)))).toEqual([alice]);
  });

  it('is a member again when it is back, and nobody has left or joined', () => {
    const doubted = apply(party, timedOut(6, bob));
    const after = apply(doubted, joinedBy(7, {}));
    expect(after.doubted.size).toBe(0);
    expect(after.members.get(bob)).toMatchObject({ online: true });
    expect(changesBetween(doubted, after)).toMatchObject({ joined: [], left: [] });
  });

  it('gives way to whoever has its address now', () => {
    const { virtualIp } = member(bob);
    const start = membershipOf({ ...snapshot, members: [own, member(bob)] }, witness);
    const after = apply(start, timedOut(6, bob), joinedBy(7, { virtualIp }, carol));
    expect(ids(after)).toEqual([alice, carol]);
    const anew = { ...withoutBob, members: [own, member(carol, { virtualIp })], timedOut: [bob] };
    expect(ids(membershipOf(anew, witness, start))).toEqual([alice, carol]);
  });

  it('stays with a snapshot that names it as timed out alone', () => {
    const start = membershipOf({ ...snapshot, members: [own, member(bob)] }, witness);
    for (const before of [start, apply(start, timedOut(6, bob))]) {
      expect(ids(membershipOf({ ...withoutBob, timedOut: [bob] }, witness, before))).toEqual([alice, bob]);
      expect(ids(membershipOf(withoutBob, witness, before))).toEqual([alice]);
    }
  });

  it('is nobody whom this machine did not know', () => {
    expect(ids(membershipOf({ ...withoutBob, timedOut: [bob, carol] }, witness))).toEqual([alice]);
    expect(ids(apply(party, timedOut(6, carol)))).toEqual([alice, bob]);
  });
});

describe('what a player notices', () => {
  it('joined, left, new host', () => {
    const changes = changesBetween(party, apply(party, joined(6), left(7, alice)));
    expect(changes.joined.map(({ id }) => id)).toEqual([carol]);
    expect(changes.left.map(({ id }) => id)).toEqual([alice]);
    expect(changes.hostChanged).toBe(true);
  });

  it('nothing, when the server confirms a goodbye', () => {
    const before = withGoodbye(party, bob);
    const confirmed = apply(before, left(6, bob));
    expect(changesBetween(before, confirmed)).toMatchObject({ joined: [], left: [] });
  });
});

describe('why no relay carries a connection', () => {
  const event = (relay: RelaySession | null, refusals?: Record<string, RelayRefusal>): MembershipEvent => ({
    name: 'relays.changed',
    data: { partyId, relays: { [bob]: relay }, refusals },
  });
  const refusals = { [bob]: 'share_used_up', ['f'.repeat(16)]: 'relays_full' } as const;

  it.each([
    [
      'in a snapshot',
      membershipOf({ ...snapshot, relays: { [bob]: null }, relayRefusals: refusals }, witness),
    ],
    ['in a change', applyEvent(party, event(null, refusals), witness).membership],
    [
      'with somebody new',
      applyEvent(
        party,
        {
          name: 'member.joined',
          data: { partyId, revision: 6, member: member(bob), relay: null, relayRefusal: 'share_used_up' },
        },
        witness,
      ).membership,
    ],
  ])('is known %s, until one does or the player goes', (_when, after) => {
    expect([...after.relayRefusals]).toEqual([[bob, 'share_used_up']]);
    expect(applyEvent(after, event(session(9)), witness).membership.relayRefusals.size).toBe(0);
    const gone = applyEvent(after, left(after.revision + 1, bob), witness).membership;
    expect(gone.relayRefusals.size).toBe(0);
  });
});

describe('a relay to which the server is not to send players', () => {
  const told = (relay: RelaySession | null): MembershipEvent => ({
    name: 'relays.changed',
    data: { partyId, relays: { [bob]: relay } },
  });
  const joinedAgain: MembershipEvent = {
    name: 'member.joined',
    data: { partyId, revision: 6, member: member(bob), relay: refused },
  };

  it.each([
    ['in a snapshot', membershipOf({ ...snapshot, relays: { [bob]: refused } }, witness)],
    ['in a change', applyEvent(party, told(refused), witness).membership],
    ['with somebody new', applyEvent(party, joinedAgain, witness).membership],
  ])('is none %s, until there is another one', (_when, after) => {
    expect(after.relays.get(bob)).toBeNull();
    expect([...after.refusedRelays]).toEqual([bob]);
    const mended = applyEvent(after, told(session(9)), witness).membership;
    expect(mended.relays.get(bob)).toBe(session(9).endpoint);
    expect(mended.refusedRelays.size).toBe(0);
    const gone = applyEvent(after, left(after.revision + 1, bob), witness).membership;
    expect(gone.refusedRelays.size).toBe(0);
  });

  it('is not remembered for those who are not in the party', () => {
    const relays = { [carol]: session(3), ['f'.repeat(16)]: refused };
    const event: MembershipEvent = { name: 'relays.changed', data: { partyId, relays } };
    expect(applyEvent(party, event, witness).membership).toEqual(party);
  });
});

describe('the network of a party', () => {
  it.each([
    '8.8.0.0/16',
    '127.0.0.0/16',
    '169.254.0.0/16',
    '0.0.0.0/0',
    '192.168.1.0/24',
    '10.66.0.0/16 via 1.1.1.1',
    '',
  ])('is not what a server says where it says %j', (network) => {
    expect(() => membershipOf({ ...snapshot, network }, witness)).toThrow('Do not trust it');
  });

  it('stays what it was', () => {
    const moved = { ...snapshot, network: '10.77.0.0/16' };
    expect(membershipOf(moved, witness).network).toBe('10.77.0.0/16');
    expect(() => membershipOf(moved, witness, party)).toThrow('Do not trust it');
  });

  it('has no relay in it', () => {
    const endpoint = '10.66.0.9:51900' as Endpoint;
    const inside = { ...snapshot, relays: { [bob]: { relayId: 'relay', endpoint } } };
    expect(membershipOf(inside, witness)).toMatchObject({
      relays: new Map([[bob, null]]),
      refusedRelays: new Set([bob]),
    });
    expect(membershipOf({ ...inside, network: '10.77.0.0/16' }, witness).relays.get(bob)).toBe(endpoint);
  });
});
