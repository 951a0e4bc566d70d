import type { Member, PartySnapshot, RelaySession } from '#shared/api/party';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import {
  applyEvent,
  changesBetween,
  membershipOf,
  presentMembers,
  withGoodbye,
  type Membership,
  type MembershipEvent,
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
  revision: 5,
  members: [member(alice), member(bob)],
  relays: { [alice]: session(1), [bob]: session(2) },
};
const party = membershipOf(snapshot);

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
  data: { partyId, peerId, online, natType: 'symmetric', endpoint: null, direct: true },
});

const apply = (membership: Membership, ...events: MembershipEvent[]) =>
  events.reduce((current, event) => applyEvent(current, event).membership, membership);
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
    expect(applyEvent(party, joined(revision))).toEqual({ membership: party, missed: false });
  });

  it('with a gap before them are not applied, and show it', () => {
    expect(applyEvent(party, joined(7))).toEqual({ membership: party, missed: true });
  });

  it('of another party change nothing', () => {
    const elsewhere = {
      name: 'member.left',
      data: { ...left(6, bob).data, partyId: 'f'.repeat(12) as PartyId },
    };
    expect(applyEvent(party, elsewhere as MembershipEvent)).toEqual({ membership: party, missed: false });
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
    expect(ids(membershipOf(offline, after))).toEqual([alice]);
    expect(ids(apply(after, presence(bob, false)))).toEqual([alice]);
  });

  it.each<[string, Membership]>([
    ['in a snapshot', membershipOf(snapshot, after)],
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
