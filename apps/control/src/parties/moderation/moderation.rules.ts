/** Whom hosts may kick, ban and let in again. */
import { MOST_BANS } from '#shared/api/hosting';
import type { ErrorCode } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { PartyRecord } from '../../model/party';
import { isMember, refusalOfHosting, type Refusal } from '../hosting/hosting.rules';

/** Whether the peer was let go for being away too long: it may be back at any time, and may still play. */
export function hasTimedOut({ members, timedOut }: PartyRecord, peerId: PeerId): boolean {
  return timedOut.includes(peerId) && !isMember({ members }, peerId);
}

/** May the caller remove this member, or one that timed out? */
export function decideRemoval(
  party: PartyRecord,
  callerId: PeerId,
  targetId: PeerId,
): Refusal | { readonly verdict: 'remove' } {
  const code = refusalOfHosting(party, callerId) ?? refusalOfRemoving(party, callerId, targetId);
  if (code) return { verdict: 'refuse', code };
  const isThere = isMember(party, targetId) || hasTimedOut(party, targetId);
  return isThere ? { verdict: 'remove' } : { verdict: 'refuse', code: 'NO_SUCH_PEER' };
}

/** What the party knows of a key that is to be banned or let in again. */
export interface BanState {
  readonly banned: boolean;
  readonly bans: number;
}

export type BanDecision = Refusal | { readonly verdict: 'none' | 'ban' | 'unban' };

/** May the caller ban this key, whether it is in the party or not? */
export function decideBan(
  party: PartyRecord,
  { banned, bans }: BanState,
  callerId: PeerId,
  targetId: PeerId,
): BanDecision {
  const code = refusalOfHosting(party, callerId) ?? refusalOfRemoving(party, callerId, targetId);
  if (code) return { verdict: 'refuse', code };
  if (banned) return { verdict: 'none' };
  return bans >= MOST_BANS ? { verdict: 'refuse', code: 'TOO_MANY_BANS' } : { verdict: 'ban' };
}

export function decideUnban(party: PartyRecord, { banned }: BanState, callerId: PeerId): BanDecision {
  const code = refusalOfHosting(party, callerId);
  if (code) return { verdict: 'refuse', code };
  return banned ? { verdict: 'unban' } : { verdict: 'refuse', code: 'NO_SUCH_PEER' };
}

/** Nobody removes themselves, and nobody the owner of a persistent party. */
function refusalOfRemoving(party: PartyRecord, callerId: PeerId, targetId: PeerId): ErrorCode | null {
  if (targetId === callerId) return 'CANNOT_REMOVE_YOURSELF';
  return party.settings.persistent && party.ownerId === targetId ? 'NOT_OWNER' : null;
}
