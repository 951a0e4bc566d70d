import type { Member, PartySnapshot, RelaySession } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import type { PeerId } from '#shared/party/identity';
import { virtualIpOfSlot } from '#shared/party/virtual-ip';
import type { PresenceView } from '../signaling/presence';
import type { MemberRecord, PartyRecord } from './party';

export function memberView(
  { slot, joinedAtMs, peerId, ...member }: MemberRecord,
  presence: PresenceView,
): Member {
  return {
    id: peerId,
    ...member,
    virtualIp: virtualIpOfSlot(slot),
    joinedAt: new Date(joinedAtMs).toISOString(),
    ...presence,
  };
}

/** The party as one of its members sees it. */
export function snapshotFor(
  viewer: PeerId,
  { createdAtMs, members, ...party }: PartyRecord,
  presenceOf: (peerId: PeerId) => PresenceView,
  sessionWith: (peerId: PeerId) => RelaySession | null,
): PartySnapshot {
  const others = members.filter(({ peerId }) => peerId !== viewer);
  return {
    ...party,
    createdAt: new Date(createdAtMs).toISOString(),
    members: members.map((member) => memberView(member, presenceOf(member.peerId))),
    relays: Object.fromEntries(others.map(({ peerId }) => [peerId, sessionWith(peerId)])),
  };
}

/** What members hear of a change of the terms. */
export function termsOf(party: PartyRecord): AgentEvents['party.changed'] {
  const { id: partyId, revision, name, hostId, ownerId, maxPeers, settings } = party;
  return { partyId, revision, name, hostId, ownerId, maxPeers, settings };
}
