/** What hosts and owners may do to a party. */
import { isDeepStrictEqual } from 'node:util';
import type { ErrorCode } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import { longestPresent } from '../membership/membership.rules';
import type { AttendanceOf, PartyRecord, PartyTerms } from '../../model/party';

export interface Refusal {
  readonly verdict: 'refuse';
  readonly code: ErrorCode;
}

/** Absent: stays as it is. */
export interface TermsChange {
  readonly name?: string | undefined;
  readonly maxPeers?: number | undefined;
  readonly locked?: boolean | undefined;
  readonly public?: boolean | undefined;
  readonly persistent?: boolean | undefined;
  readonly discordUrl?: string | null | undefined;
  readonly hostId?: PeerId | undefined;
  readonly ownerId?: PeerId | undefined;
  /** Null: no password any more. */
  readonly passwordHash?: string | null | undefined;
}

export type ChangeDecision =
  Refusal | { readonly verdict: 'none' } | { readonly verdict: 'change'; readonly terms: PartyTerms };

/** How would the party be arranged after this change? */
export function decideChange(party: PartyRecord, callerId: PeerId, change: TermsChange): ChangeDecision {
  const code = refusalOfChange(party, callerId, change);
  if (code) return { verdict: 'refuse', code };
  const terms = termsAfter(party, change);
  const hasNewPassword = typeof change.passwordHash === 'string';
  if (!hasNewPassword && isDeepStrictEqual(terms, termsAfter(party, {}))) return { verdict: 'none' };
  return { verdict: 'change', terms };
}

/** The owner of a persistent party can close it from outside; it is the only one for whom it exists there. */
export function decideClose(party: PartyRecord, callerId: PeerId): Refusal | { readonly verdict: 'close' } {
  const mayCloseFromOutside = party.settings.persistent && party.ownerId === callerId;
  if (!isMember(party, callerId) && !mayCloseFromOutside)
    return { verdict: 'refuse', code: 'PARTY_NOT_FOUND' };
  return party.ownerId === callerId ? { verdict: 'close' } : { verdict: 'refuse', code: 'NOT_OWNER' };
}

/** Why the caller may not act as host; null: it may. Others than members hear of no party, members whose business it is. */
export function refusalOfHosting(party: PartyRecord, callerId: PeerId): ErrorCode | null {
  if (!isMember(party, callerId)) return 'PARTY_NOT_FOUND';
  return party.hostId === callerId ? null : 'NOT_HOST';
}

/**
 * Who is host now that this caller asks for what only the host may do? A host that is gone gives way to the member that has
 * been there longest of those that are online; one that asks is not gone.
 */
export function hostInCharge(party: PartyRecord, callerId: PeerId, attendanceOf: AttendanceOf): PeerId {
  const { hostId, members } = party;
  if (!isMember(party, callerId) || callerId === hostId || attendanceOf(hostId) !== 'gone') return hostId;
  return longestPresent(members, 'online', attendanceOf) ?? hostId;
}

function refusalOfChange(party: PartyRecord, callerId: PeerId, change: TermsChange): ErrorCode | null {
  if (!isMember(party, callerId)) return 'PARTY_NOT_FOUND';
  const { persistent, ownerId, hostId, ...others } = change;
  const isOwner = party.ownerId === callerId;
  if ((persistent !== undefined || ownerId !== undefined) && !isOwner) return 'NOT_OWNER';
  const isForHost = hostId !== undefined || Object.values(others).some((value) => value !== undefined);
  // An owner that handed the host's role over can take it back.
  const takesBack = isOwner && party.settings.persistent && hostId === callerId;
  if (isForHost && !takesBack && party.hostId !== callerId) return 'NOT_HOST';
  const named = [hostId, ownerId].filter((id) => id !== undefined);
  return named.every((id) => isMember(party, id)) ? null : 'NO_SUCH_PEER';
}

function termsAfter({ settings, ...party }: PartyTerms, change: TermsChange): PartyTerms {
  const { passwordHash, discordUrl } = change;
  return {
    name: change.name ?? party.name,
    hostId: change.hostId ?? party.hostId,
    ownerId: change.ownerId ?? party.ownerId,
    maxPeers: change.maxPeers ?? party.maxPeers,
    settings: {
      locked: change.locked ?? settings.locked,
      public: change.public ?? settings.public,
      persistent: change.persistent ?? settings.persistent,
      sealed: settings.sealed,
      hasPassword: passwordHash === undefined ? settings.hasPassword : passwordHash !== null,
      discordUrl: discordUrl === undefined ? settings.discordUrl : discordUrl,
    },
  };
}

export function isMember(party: Pick<PartyRecord, 'members'>, peerId: PeerId): boolean {
  return party.members.some((member) => member.peerId === peerId);
}
