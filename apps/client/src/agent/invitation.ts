/** What an invite link says to a player who has not decided yet. Pure. */
import { LanrageError } from '#shared/errors';
import { isSameServer } from '#shared/party/invite';
import { parseOpenLink } from '../party/open-link';
import type { RememberedParty } from '../party/remembered-parties';
import type { InvitationAnswer } from './local-api';

const PEER_ID_BYTES = 8;

/** @throws LanrageError INVALID_INVITE */
export function invitationOf(
  text: string,
  ownServer: string,
  remembered: readonly RememberedParty[],
): InvitationAnswer {
  const link = parseOpenLink(text)?.link;
  if (!link) throw new LanrageError('INVALID_INVITE');
  const { server, partyId, sealed, hostFingerprint } = link;
  const known = remembered.find((party) => party.partyId === partyId && isSameServer(party.server, server));
  return {
    server,
    partyId,
    hostId: hostFingerprint.subarray(0, PEER_ID_BYTES).toString('hex'),
    sealed,
    isOwnServer: isSameServer(server, ownServer),
    name: known?.name ?? null,
  };
}
