import type { ErrorBody } from './rest';
import { isErrorCode, LanrageError } from '../errors';
import { printable } from '../terminal/printable';

/** More than any sentence of ours has. */
const MOST_CHARACTERS = 500;
const LONGEST_WAIT_SECONDS = 3_600;

/** A refusal as other processes get it; {@link remoteError} reads it. */
export function errorBody({ code, message, retryable, retryAfterSeconds }: LanrageError): ErrorBody {
  return {
    error: { code, message, retryable, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
  };
}

/**
 * The refusal that another process named; a code newer than this program becomes INTERNAL, with the other's words. As they
 * end up on terminals and in logs, they are made harmless here. Nobody is told to wait for longer than an hour.
 */
export function remoteError({ code, message, retryAfterSeconds }: ErrorBody['error']): LanrageError {
  return new LanrageError(isErrorCode(code) ? code : 'INTERNAL', {
    message: printable(message.slice(0, MOST_CHARACTERS)),
    ...(retryAfterSeconds !== undefined && {
      retryAfterSeconds: Math.min(Math.max(0, retryAfterSeconds), LONGEST_WAIT_SECONDS),
    }),
  });
}
