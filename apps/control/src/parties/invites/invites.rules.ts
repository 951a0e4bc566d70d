import { INVITE_LIMITS } from '#shared/api/invites';
import type { PeerId } from '#shared/party/identity';
import type { PartyRecord } from '../../model/party';
import { refusalOfHosting, type Refusal } from '../hosting/hosting.rules';

/** May the caller make one more? @param live how many invites of the party are good now */
export function decideInvite(
  party: PartyRecord,
  live: number,
  callerId: PeerId,
): Refusal | { readonly verdict: 'invite' } {
  const code = refusalOfHosting(party, callerId);
  if (code) return { verdict: 'refuse', code };
  return live < INVITE_LIMITS.live ? { verdict: 'invite' } : { verdict: 'refuse', code: 'TOO_MANY_INVITES' };
}
