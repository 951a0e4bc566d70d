/** When to dial the control plane again: soon while a restart is likely, patiently during a long outage. */
const firstDelayMs = 250;
const restartDelayMs = 1_000;
const restartAttempts = 30;
const longestDelayMs = 60_000;

/**
 * 0.25 s, then 1 s for half a minute, then 2, 4, 8 … 60 s; a quarter more or less.
 * @param attempt 0 for the first try after the connection was lost
 * @param jitter in [0, 1)
 */
export function reconnectDelayMs(attempt: number, jitter: number): number {
  return baseDelayMs(attempt) * (0.75 + jitter / 2);
}

function baseDelayMs(attempt: number): number {
  if (attempt === 0) return firstDelayMs;
  if (attempt <= restartAttempts) return restartDelayMs;
  return Math.min(restartDelayMs * 2 ** (attempt - restartAttempts), longestDelayMs);
}
