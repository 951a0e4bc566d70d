/** How a path stands, for people who wait for a better one. Pure. */
import type { PathState } from './path';

export interface PathProgress {
  /** How long it has been what it is. */
  readonly sinceMs: number;
  /** How often in a row a direct path was tried or asked for in vain. */
  readonly failedAttempts: number;
  /** Until the next attempt is asked for; 0 while one is under way. Null for a direct path, which needs none. */
  readonly nextAttemptInMs: number | null;
}

export function progressOf({ phase, phaseSinceMs, attempt, search }: PathState, nowMs: number): PathProgress {
  const dueInMs = attempt ? 0 : Math.max(0, Math.round(search.nextRequestAtMs - nowMs));
  return {
    sinceMs: nowMs - phaseSinceMs,
    failedAttempts: search.failures,
    nextAttemptInMs: phase === 'direct' ? null : dueInMs,
  };
}
