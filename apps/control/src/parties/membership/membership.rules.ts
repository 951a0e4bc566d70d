import type { ErrorCode } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import { nextFreeSlot } from '#shared/party/virtual-ip';
import type {
  Attendance,
  AttendanceOf,
  Entrant,
  InviteRecord,
  Leases,
  MemberRecord,
  PartyRecord,
  Standing,
} from '../../model/party';

/**
 * How long a peer that is gone comes back past a lock, and after a time-out past a password: long enough for an outage of the
 * evening or another start of the game, too short for somebody whom the host meant to shut out by them.
 */
export const RETURN_MS = 10 * 60_000;

export type JoinDecision =
  | {
      readonly verdict: 'admit';
      readonly slot: number;
      readonly hostId: PeerId;
      readonly inviteId: string | null;
    }
  | { readonly verdict: 'rejoin'; readonly member: MemberRecord }
  /** First it has to show that it knows the password with this hash. */
  | { readonly verdict: 'prove'; readonly passwordHash: string }
  | { readonly verdict: 'refuse'; readonly code: ErrorCode };

type Joinable = Pick<PartyRecord, 'hostId' | 'ownerId' | 'maxPeers' | 'members' | 'settings'>;

/**
 * May this peer join, at which address, and who is host then? A valid invite bypasses the lock, the seal and the password,
 * and always counts as used. It does not bypass a full party, a ban or a kick. The password is checked last, because
 * scrypt is expensive, and pointless if the party is full.
 */
export function decideJoin(
  party: Joinable,
  standing: Standing,
  leases: Leases,
  entrant: Entrant,
  nowMs: number,
): JoinDecision {
  const present = party.members.find((member) => member.peerId === entrant.peerId);
  if (present) return { verdict: 'rejoin', member: present };
  if (standing.banned) return { verdict: 'refuse', code: 'PARTY_NOT_FOUND' };
  const wasRemoved = standing.departure === 'kicked' || standing.departure === 'banned';
  if (entrant.resumes && wasRemoved) return { verdict: 'refuse', code: 'KICKED' };
  const inviteId =
    entrant.invited && standing.invite && isLive(standing.invite, nowMs) ? standing.invite.id : null;
  const code = refusalAtDoor(party, standing, entrant, inviteId !== null, nowMs);
  if (code) return { verdict: 'refuse', code };
  if (party.members.length >= party.maxPeers) return { verdict: 'refuse', code: 'PARTY_FULL' };
  const slot = chooseSlot(party.members, leases, entrant.preferredSlot);
  if (slot === null) return { verdict: 'refuse', code: 'NO_FREE_ADDRESS' };
  const { passwordHash } = standing;
  if (
    passwordHash !== null &&
    inviteId === null &&
    passwordHash !== entrant.provenHash &&
    !isTrusted(party, standing, entrant.peerId, nowMs)
  )
    return { verdict: 'prove', passwordHash };
  return { verdict: 'admit', slot, hostId: hostAfterJoin(party, entrant.peerId), inviteId };
}

export type LeaveDecision =
  | { readonly verdict: 'close' }
  | { readonly verdict: 'leave'; readonly hostId: PeerId; readonly empties: boolean };

/** Members who are there succeed before those who may come back, and these before those who did not. */
const orderOfSuccession: readonly Attendance[] = ['online', 'away', 'gone'];

/** What becomes of the party when this member goes? A host is succeeded by the online member that has been there longest. */
export function decideLeave(
  party: Pick<PartyRecord, 'hostId' | 'members' | 'settings'>,
  peerId: PeerId,
  attendanceOf: AttendanceOf,
): LeaveDecision {
  const others = party.members.filter((member) => member.peerId !== peerId);
  if (others.length === 0 && !party.settings.persistent) return { verdict: 'close' };
  const [successor = peerId] = orderOfSuccession.flatMap(
    (attendance) => longestPresent(others, attendance, attendanceOf) ?? [],
  );
  const hostId = party.hostId === peerId ? successor : party.hostId;
  return { verdict: 'leave', hostId, empties: others.length === 0 };
}

/** @param members in order of joining @returns null when none of them is there to that extent */
export function longestPresent(
  members: readonly MemberRecord[],
  attendance: Attendance,
  attendanceOf: AttendanceOf,
): PeerId | null {
  return members.find(({ peerId }) => attendanceOf(peerId) === attendance)?.peerId ?? null;
}

/** Is this invite good for one more? */
export function isLive({ expiresAtMs, uses, maxUses }: InviteRecord, nowMs: number): boolean {
  return nowMs < expiresAtMs && (maxUses === null || uses < maxUses);
}

/**
 * Lock and seal keep out those who have not been in before and have no invite; having been removed is like not having been in, and
 * for a lock so is having left some time ago. Nobody comes into a sealed party with nothing to show to the members, who would
 * not connect.
 */
function refusalAtDoor(
  party: Joinable,
  standing: Standing,
  { peerId, invited, vouched }: Entrant,
  hasInvite: boolean,
  nowMs: number,
): ErrorCode | null {
  if (invited && !hasInvite) return 'INVITE_EXPIRED';
  const { locked, sealed } = party.settings;
  if (sealed && !vouched) return 'PARTY_SEALED';
  if (hasInvite || isTrusted(party, standing, peerId, nowMs)) return null;
  const wasIn = standing.departure === 'left' || standing.departure === 'timed_out';
  if (sealed && !wasIn) return 'PARTY_SEALED';
  return locked && !isJustGone(standing, nowMs) ? 'PARTY_LOCKED' : null;
}

function isJustGone({ departure, departedAtMs }: Standing, nowMs: number): boolean {
  const wasIn = departure === 'left' || departure === 'timed_out';
  return wasIn && departedAtMs !== null && nowMs - departedAtMs < RETURN_MS;
}

/** Neither lock nor password is for the owner of a persistent party, or for a peer that just lost its connection. */
function isTrusted(party: Joinable, standing: Standing, peerId: PeerId, nowMs: number): boolean {
  const lostConnection = standing.departure === 'timed_out' && isJustGone(standing, nowMs);
  return lostConnection || (party.settings.persistent && party.ownerId === peerId);
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
