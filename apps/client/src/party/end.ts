/** Why a party is over for a player who did not leave it. Pure. */
import type { EndReason } from '#shared/api/party';
import type { ErrorCode } from '#shared/errors';

export const endCodes: Record<EndReason, ErrorCode> = {
  kicked: 'KICKED',
  banned: 'BANNED',
  closed: 'PARTY_CLOSED',
  closed_by_operator: 'PARTY_CLOSED_BY_OPERATOR',
};
