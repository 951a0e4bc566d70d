import { HttpException } from '@nestjs/common';
import { LanrageError, malformedRequest, type ErrorCode } from '#shared/errors';
import { toRefusal } from '../database/failures';

/** HTTP status codes exist only here; everything else speaks in the codes of errors.ts. */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  INVALID_PARTY_ID: 400,
  INVALID_NAME: 400,
  INVALID_PUBLIC_KEY: 400,
  INVALID_PASSWORD: 400,
  INVALID_DISCORD_LINK: 400,
  REQUEST_TOO_LARGE: 413,
  NOT_FOUND: 404,
  UNAUTHENTICATED: 401,
  CHALLENGE_EXPIRED: 401,
  SERVER_NAME_UNKNOWN: 421,
  PROOF_REJECTED: 401,
  BANNED_FROM_SERVER: 403,
  RATE_LIMITED: 429,
  PARTY_NOT_FOUND: 404,
  PARTY_FULL: 409,
  NO_FREE_ADDRESS: 409,
  ALREADY_IN_PARTY: 409,
  PARTY_LOCKED: 403,
  PASSWORD_REQUIRED: 403,
  WRONG_PASSWORD: 403,
  KICKED: 403,
  INVITE_EXPIRED: 403,
  PARTY_SEALED: 403,
  TOO_MANY_INVITES: 409,
  NO_SUCH_INVITE: 404,
  NOT_HOST: 403,
  NOT_OWNER: 403,
  NO_SUCH_PEER: 404,
  CANNOT_REMOVE_YOURSELF: 409,
  TOO_MANY_BANS: 409,
  PARTY_TOO_LARGE: 409,
  TOO_MANY_PARTIES: 409,
  TOO_MANY_PARTIES_FROM_ADDRESS: 409,
  TOO_MANY_PUBLIC_PARTIES: 409,
  WRONG_LEAVE_TICKET: 403,
  STATE_CONFLICT: 409,
  STATE_FULL: 409,
  ADMINISTRATION_OFF: 404,
  WRONG_ADMIN_TOKEN: 401,
  NO_SUCH_BAN: 404,
  NO_SUCH_RELAY: 404,
  RELAY_NAME_TAKEN: 409,
  RELAY_SECRET_WRONG: 401,
  RELAY_ADDRESS_REFUSED: 403,
  CONTROL_UNAVAILABLE: 503,
  INTERNAL: 500,
};

export function statusOf(code: ErrorCode): number {
  return statusByCode[code] ?? 500;
}

/** Whatever was thrown, as a refusal that may be shown; what nobody foresaw is INTERNAL, with its cause. */
export function toLanrageError(thrown: unknown): LanrageError {
  const refusal = toRefusal(thrown);
  if (refusal) return refusal;
  const status = thrown instanceof HttpException ? thrown.getStatus() : bodyParserStatus(thrown);
  if (status === 404) return new LanrageError('NOT_FOUND');
  if (status === 413) return new LanrageError('REQUEST_TOO_LARGE');
  if (status !== undefined && status < 500) return new LanrageError('INVALID_REQUEST', { cause: thrown });
  return new LanrageError('INTERNAL', { cause: thrown });
}

/** A map: callers name the fields, and every object has `constructor`. */
const codeByField: ReadonlyMap<string, ErrorCode> = new Map([
  ['partyId', 'INVALID_PARTY_ID'],
  ['name', 'INVALID_NAME'],
  ['peerName', 'INVALID_NAME'],
  ['publicKey', 'INVALID_PUBLIC_KEY'],
  ['password', 'INVALID_PASSWORD'],
  ['discordUrl', 'INVALID_DISCORD_LINK'],
]);

interface InputIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The refusal for input that a schema turned down. */
export function invalidInput(issues: readonly InputIssue[]): LanrageError {
  const path = (issues[0]?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const code = codeByField.get(path.at(-1) ?? '');
  if (code) return new LanrageError(code);
  return malformedRequest(path, issues[0]?.message);
}

/** body-parser throws plain errors that carry a status. */
function bodyParserStatus(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number'
    ? thrown.status
    : undefined;
}
