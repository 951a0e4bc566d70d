/**
 * The search for a direct path, between attempts: when to ask the control plane for the next one. Pure.
 *
 * It orders the first attempt by itself. Those that come to nothing are repeated ever more rarely; something that changed
 * starts the count anew and is reason to ask at once. A way that carries packets in one direction only rests: it works,
 * and will go on not to be of use. When there is a direct path, a better one is looked for now and then.
 */
import type { AttemptCause } from '#shared/api/party';
import { backoffMs } from '#shared/backoff';
import type { Endpoint } from '#shared/endpoint';

/**
 * What came of the last attempt: nothing tried yet, nobody answered, packets in one direction only, a direct path that is
 * slower than the relay, or one that died.
 */
export type SearchOutcome = 'untried' | 'unanswered' | 'one_way' | 'slower' | 'lost';

export interface Search {
  readonly outcome: SearchOutcome;
  /** How often in a row it was tried or asked for in vain. */
  readonly failures: number;
  readonly nextRequestAtMs: number;
  /** Since the last attempt began, something happened that may make the next one succeed. */
  readonly hasChanged: boolean;
  /** Candidates that are not tried. */
  readonly resting: readonly Rest[];
}

interface Rest {
  readonly endpoint: Endpoint;
  readonly untilMs: number;
  /** How often it was one-way. */
  readonly times: number;
}

export interface SearchStep {
  readonly search: Search;
  /** Ask for an attempt, now. */
  readonly request?: AttemptCause;
}

export const searchTimings = {
  /** The control plane orders the first attempt by itself when a relay carries packets; after this time it is asked. */
  firstRequestMs: 5_000,
  /** How long it waits instead while no relay carries packets. */
  unrelayedRequestMs: 2_000,
  /** Between attempts; the shortest is longer than routers remember a flow, see the control plane's coordination. */
  requestsMs: [35_000, 60_000, 120_000, 300_000, 600_000],
  /** After a change; the control plane has heard of it by then. */
  changedRequestMs: 1_000,
  /** Twice as long each time it was one-way again. */
  firstRestMs: 300_000,
  longestRestMs: 7_200_000,
} as const;

const MOST_RESTING = 16;

export function newSearch(nowMs: number): Search {
  const nextRequestAtMs = nowMs + searchTimings.unrelayedRequestMs;
  return { outcome: 'untried', failures: 0, nextRequestAtMs, hasChanged: false, resting: [] };
}

/** The relay carries packets: from now on the control plane can be expected to order the first attempt. */
export function connected(search: Search, nowMs: number): Search {
  if (search.outcome !== 'untried') return search;
  return { ...newSearch(nowMs), nextRequestAtMs: nowMs + searchTimings.firstRequestMs };
}

/** An attempt begins. */
export function begun(search: Search): Search {
  return { ...search, hasChanged: false };
}

/** A direct path was found; whether there is a better one is asked later, and ever more rarely. */
export function found(search: Search, nowMs: number): Search {
  return { ...search, failures: 0, nextRequestAtMs: nowMs + searchTimings.requestsMs[0] };
}

/** What was in vain before may not be so any more. */
export function changed(search: Search, nowMs: number): Search {
  const nextRequestAtMs = nowMs + searchTimings.changedRequestMs;
  return { ...search, failures: 0, nextRequestAtMs, hasChanged: true, resting: [] };
}

/** An attempt came to nothing. @param oneWay candidates that carried packets in one direction */
export function ended(
  search: Search,
  outcome: SearchOutcome,
  oneWay: readonly Endpoint[],
  nowMs: number,
  jitter: number,
): Search {
  if (search.hasChanged) return { ...search, outcome, nextRequestAtMs: nowMs };
  const failures = Math.max(1, search.failures);
  const nextRequestAtMs = nowMs + requestDelayMs(failures, jitter);
  return { ...search, outcome, failures, nextRequestAtMs, resting: rest(search.resting, oneWay, nowMs) };
}

/**
 * A direct path died, or was given up. One that was steady is looked for at once; one that was not counts as an attempt in
 * vain, or it would flap.
 */
export function lost(
  search: Search,
  outcome: 'lost' | 'slower',
  wasSteady: boolean,
  nowMs: number,
  jitter: number,
): Search {
  const isPromising = wasSteady && outcome === 'lost';
  if (isPromising || search.hasChanged) return { ...changed(search, nowMs), outcome };
  const failures = search.failures + 1;
  const nextRequestAtMs = nowMs + requestDelayMs(failures, jitter);
  return { ...search, outcome, failures, nextRequestAtMs, hasChanged: false };
}

/** Asks when it is time. The answer is an attempt; without one, asks again later. */
export function requestWhenDue(search: Search, nowMs: number, jitter: number): SearchStep {
  if (nowMs < search.nextRequestAtMs) return { search };
  const failures = search.failures + 1;
  const nextRequestAtMs = nowMs + requestDelayMs(failures, jitter);
  // A side that never heard of an attempt may have missed it, on a connection that was broken: the other one tried alone.
  const isNew = search.hasChanged || search.outcome === 'untried';
  const request = isNew ? 'changed' : 'again';
  return { search: { ...search, failures, nextRequestAtMs, hasChanged: false }, request };
}

export function withoutResting(
  { resting }: Search,
  candidates: readonly Endpoint[],
  nowMs: number,
): Endpoint[] {
  const isResting = (endpoint: Endpoint) =>
    resting.some((one) => one.endpoint === endpoint && nowMs < one.untilMs);
  return candidates.filter((endpoint) => !isResting(endpoint));
}

function rest(before: readonly Rest[], oneWay: readonly Endpoint[], nowMs: number): Rest[] {
  const others = before.filter(({ endpoint }) => !oneWay.includes(endpoint));
  const again = oneWay.map((endpoint): Rest => {
    const times = (before.find((one) => one.endpoint === endpoint)?.times ?? 0) + 1;
    const { firstRestMs: firstMs, longestRestMs: longestMs } = searchTimings;
    return { endpoint, times, untilMs: nowMs + backoffMs({ firstMs, longestMs }, times - 1) };
  });
  return [...others, ...again].slice(-MOST_RESTING);
}

/** A quarter more at most: never sooner than the control plane allows. */
function requestDelayMs(failures: number, jitter: number): number {
  const { requestsMs } = searchTimings;
  const delayMs = requestsMs[Math.min(Math.max(failures, 1), requestsMs.length) - 1] ?? 0;
  return delayMs * (1 + jitter / 4);
}
