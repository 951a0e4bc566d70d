/** When to dial the control plane again: a server that is back has everybody within 10 s, however long it was away. */
import { LONGEST_RETURN_MS } from '#shared/api/signaling';

/** The longest try to connect. */
export const CONNECT_TIMEOUT_MS = 5_000;
const MOST_JITTER = 1.25;
const firstDelayMs = 250;
const restartDelayMs = 1_000;
const restartAttempts = 30;
/** Short enough for a server that returns just after a try began, which has to fail first. A try costs a packet or two. */
const longestDelayMs = (LONGEST_RETURN_MS - CONNECT_TIMEOUT_MS) / MOST_JITTER;

/**
 * 0.25 s, then 1 s for half a minute, then 4 s; a quarter more or less.
 * @param attempt 0 for the first try after the connection was lost
 * @param jitter in [0, 1)
 */
export function reconnectDelayMs(attempt: number, jitter: number): number {
  return baseDelayMs(attempt) * (MOST_JITTER - 0.5 + jitter / 2);
}

function baseDelayMs(attempt: number): number {
  if (attempt === 0) return firstDelayMs;
  return attempt <= restartAttempts ? restartDelayMs : longestDelayMs;
}
