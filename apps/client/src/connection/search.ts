/**
 * The search for a direct path, between attempts: when to ask the control plane for the next one. Pure.
 *
 * It orders the first attempt by itself. Those that come to nothing are repeated ever more rarely; something that changed
 * starts the count anew and is reason to ask at once.
 */
import type { AttemptCause } from '#shared/api/party';

export interface Search {
  /** What came of the last attempt: nothing tried yet, nobody answered, or a direct path that died. */
  readonly outcome: 'untried' | 'unanswered' | 'lost';
  /** How often in a row it was tried or asked for in vain. */
  readonly failures: number;
  readonly nextRequestAtMs: number;
  /** Since the last attempt began, something happened that may make the next one succeed. */
  readonly hasChanged: boolean;
}

export interface SearchStep {
  readonly search: Search;
  /** Ask for an attempt, now. */
  readonly request?: AttemptCause;
}

export const searchTimings = {
  /** The control plane orders the first attempt by itself; after this time it is asked. */
  firstRequestMs: 5_000,
  /** Between attempts; the shortest is longer than routers remember a flow, see the control plane's coordination. */
  requestsMs: [35_000, 60_000, 120_000, 300_000, 600_000],
  /** After a change; the control plane has heard of it by then. */
  changedRequestMs: 1_000,
} as const;

export function newSearch(nowMs: number): Search {
  const nextRequestAtMs = nowMs + searchTimings.firstRequestMs;
  return { outcome: 'untried', failures: 0, nextRequestAtMs, hasChanged: false };
}

/** The relay carries packets: from now on the control plane can be expected to order the first attempt. */
export function connected(search: Search, nowMs: number): Search {
  return search.outcome === 'untried' ? newSearch(nowMs) : search;
}

/** An attempt begins, or has led to a direct path. */
export function begun(search: Search): Search {
  return { ...search, hasChanged: false };
}

/** What was in vain before may not be so any more. */
export function changed(search: Search, nowMs: number): Search {
  const nextRequestAtMs = nowMs + searchTimings.changedRequestMs;
  return { ...search, failures: 0, nextRequestAtMs, hasChanged: true };
}

/** An attempt came to nothing. */
export function unanswered({ failures, hasChanged }: Search, nowMs: number, jitter: number): Search {
  if (hasChanged) return { outcome: 'unanswered', failures, nextRequestAtMs: nowMs, hasChanged };
  const least = Math.max(1, failures);
  const nextRequestAtMs = nowMs + requestDelayMs(least, jitter);
  return { outcome: 'unanswered', failures: least, nextRequestAtMs, hasChanged };
}

/**
 * A direct path died. One that was steady is looked for at once; one that was not counts as an attempt in vain, or it
 * would flap.
 */
export function lost(search: Search, wasSteady: boolean, nowMs: number, jitter: number): Search {
  if (wasSteady || search.hasChanged) return { ...changed(search, nowMs), outcome: 'lost' };
  const failures = search.failures + 1;
  const nextRequestAtMs = nowMs + requestDelayMs(failures, jitter);
  return { outcome: 'lost', failures, nextRequestAtMs, hasChanged: false };
}

/** Asks when it is time. The answer is an attempt; without one, asks again later. */
export function requestWhenDue(search: Search, nowMs: number, jitter: number): SearchStep {
  if (nowMs < search.nextRequestAtMs) return { search };
  const failures = search.failures + 1;
  const nextRequestAtMs = nowMs + requestDelayMs(failures, jitter);
  // Whoever never heard of an attempt may have missed it, on a connection that was broken: the other one tried alone.
  const isNew = search.hasChanged || search.outcome === 'untried';
  const request = isNew ? 'changed' : 'again';
  return { search: { ...search, failures, nextRequestAtMs, hasChanged: false }, request };
}

/** A quarter more at most: never sooner than the control plane allows. */
function requestDelayMs(failures: number, jitter: number): number {
  const { requestsMs } = searchTimings;
  const delayMs = requestsMs[Math.min(Math.max(failures, 1), requestsMs.length) - 1] ?? 0;
  return delayMs * (1 + jitter / 4);
}
