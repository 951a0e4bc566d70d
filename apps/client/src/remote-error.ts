import type { ErrorBody } from '#shared/api/rest';
import { isErrorCode, LanrageError } from '#shared/errors';

/** The refusal that another process named; a code newer than this program becomes INTERNAL, with the other's words. */
export function remoteError({ code, message, retryAfterSeconds }: ErrorBody['error']): LanrageError {
  return new LanrageError(isErrorCode(code) ? code : 'INTERNAL', {
    message,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
