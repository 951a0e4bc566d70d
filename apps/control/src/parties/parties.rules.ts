import type { ErrorCode } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import { nextFreeSlot } from '#shared/party/virtual-ip';
import type { Entrant, Leases, MemberRecord, PartyRecord, Standing } from './party';

export type JoinDecision =
  | { readonly verdict: 'admit'; readonly slot: number; readonly hostId: PeerId }
  | { readonly verdict: 'rejoin'; readonly member: MemberRecord }
  /** First it has to show that it knows the password with this hash. */
  | { readonly verdict: 'prove'; readonly passwordHash: string }
  | { readonly verdict: 'refuse'; readonly code: ErrorCode };

type Joinable = Pick<PartyRecord, 'hostId' | 'ownerId' | 'maxPeers' | 'members' | 'settings'>;

/**
 * May this peer join, at which address, and who is host then? The password comes last, because it is dear to check and
 * of no use in a party that has no place.
 */
export function decideJoin(
  party: Joinable,
  standing: Standing,
  leases: Leases,
  entrant: Entrant,
): JoinDecision {
  const present = party.members.find((member) => member.peerId === entrant.peerId);
  if (present) return { verdict: 'rejoin', member: present };
  if (standing.banned) return { verdict: 'refuse', code: 'PARTY_NOT_FOUND' };
  const wasRemoved = standing.departure === 'kicked' || standing.departure === 'banned';
  if (entrant.resumes && wasRemoved) return { verdict: 'refuse', code: 'KICKED' };
  if (isLockedOut(party, standing, entrant.peerId)) return { verdict: 'refuse', code: 'PARTY_LOCKED' };
  if (party.members.length >= party.maxPeers) return { verdict: 'refuse', code: 'PARTY_FULL' };
  const slot = chooseSlot(party.members, leases, entrant.preferredSlot);
  if (slot === null) return { verdict: 'refuse', code: 'NO_FREE_ADDRESS' };
  const { passwordHash } = standing;
  if (
    passwordHash !== null &&
    passwordHash !== entrant.provenHash &&
    !isTrusted(party, standing, entrant.peerId)
  )
    return { verdict: 'prove', passwordHash };
  return { verdict: 'admit', slot, hostId: hostAfterJoin(party, entrant.peerId) };
}

export type LeaveDecision =
  | { readonly verdict: 'close' }
  | { readonly verdict: 'leave'; readonly hostId: PeerId; readonly empties: boolean };

/** What becomes of the party when this member goes? Whoever has been there longest succeeds a host. */
export function decideLeave(
  party: Pick<PartyRecord, 'hostId' | 'members' | 'settings'>,
  peerId: PeerId,
): LeaveDecision {
  const longestPresent = party.members.find((member) => member.peerId !== peerId);
  if (!longestPresent && !party.settings.persistent) return { verdict: 'close' };
  const successor = longestPresent?.peerId ?? peerId;
  const hostId = party.hostId === peerId ? successor : party.hostId;
  return { verdict: 'leave', hostId, empties: !longestPresent };
}

/** A lock keeps out whoever has not been in before; having been removed is like not having been in. */
function isLockedOut(party: Joinable, standing: Standing, peerId: PeerId): boolean {
  return party.settings.locked && standing.departure !== 'left' && !isTrusted(party, standing, peerId);
}

/** Neither lock nor password is for whoever owns a persistent party, or just lost the connection. */
function isTrusted(party: Joinable, { departure }: Standing, peerId: PeerId): boolean {
  return departure === 'timed_out' || (party.settings.persistent && party.ownerId === peerId);
}

/**
 * A peer that comes back gets the address that it had; a newcomer gets its preferred one or the next free one. Only when
 * all are taken or kept, an address kept for somebody who left is given away.
 */
function chooseSlot(members: readonly MemberRecord[], leases: Leases, preferredSlot: number): number | null {
  if (leases.ownSlot !== null) return leases.ownSlot;
  const occupied = members.map((member) => member.slot);
  return (
    nextFreeSlot(preferredSlot, new Set([...occupied, ...leases.departedSlots])) ??
    nextFreeSlot(preferredSlot, new Set(occupied))
  );
}

/** The owner of a persistent party is host whenever it comes; without it, the first one there is. */
function hostAfterJoin({ hostId, ownerId, members, settings }: Joinable, peerId: PeerId): PeerId {
  const isOwnersReturn = settings.persistent && ownerId === peerId;
  return isOwnersReturn || members.length === 0 ? peerId : hostId;
}
