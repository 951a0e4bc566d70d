import type { ErrorCode } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import { nextFreeSlot } from '#shared/party/virtual-ip';
import type { Leases, MemberRecord, PartyRecord } from './party';

export type JoinDecision =
  | { readonly verdict: 'admit'; readonly slot: number }
  | { readonly verdict: 'rejoin'; readonly member: MemberRecord }
  | { readonly verdict: 'refuse'; readonly code: ErrorCode };

/**
 * May this peer join, and at which address? A peer that comes back gets the address that it had; a newcomer
 * gets its preferred one or the next free one. Only when all are taken or kept, an address kept for
 * somebody who left is given away.
 */
export function decideJoin(
  party: Pick<PartyRecord, 'maxPeers' | 'members'>,
  leases: Leases,
  peerId: PeerId,
  preferredSlot: number,
): JoinDecision {
  const present = party.members.find((member) => member.peerId === peerId);
  if (present) return { verdict: 'rejoin', member: present };
  if (party.members.length >= party.maxPeers) return { verdict: 'refuse', code: 'PARTY_FULL' };
  if (leases.ownSlot !== null) return { verdict: 'admit', slot: leases.ownSlot };

  const occupied = party.members.map((member) => member.slot);
  const slot =
    nextFreeSlot(preferredSlot, new Set([...occupied, ...leases.departedSlots])) ??
    nextFreeSlot(preferredSlot, new Set(occupied));
  return slot === null ? { verdict: 'refuse', code: 'NO_FREE_ADDRESS' } : { verdict: 'admit', slot };
}

export type LeaveDecision =
  { readonly verdict: 'close' } | { readonly verdict: 'leave'; readonly hostId: PeerId };

/** What becomes of the party when this member goes? Whoever has been there longest succeeds a host. */
export function decideLeave(party: Pick<PartyRecord, 'hostId' | 'members'>, peerId: PeerId): LeaveDecision {
  const longestPresent = party.members.find((member) => member.peerId !== peerId);
  if (!longestPresent) return { verdict: 'close' };
  return { verdict: 'leave', hostId: party.hostId === peerId ? longestPresent.peerId : party.hostId };
}
