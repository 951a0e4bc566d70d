import type { ErrorBody } from './rest';
import { isErrorCode, LanrageError } from '../errors';

/** The refusal that another process named; a code newer than this program becomes INTERNAL, with the other's words. */
export function remoteError({ code, message, retryAfterSeconds }: ErrorBody['error']): LanrageError {
  return new LanrageError(isErrorCode(code) ? code : 'INTERNAL', {
    message,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
