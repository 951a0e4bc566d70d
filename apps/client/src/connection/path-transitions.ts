/** From one phase of a path to another. Pure. */
import { backoffMs } from '#shared/backoff';
import type { Endpoint } from '#shared/endpoint';
import { hysteresisMs } from './evidence';
import { alive } from './liveness';
import {
  enter,
  pathTimings,
  unchanged,
  type PathCommand,
  type PathState,
  type PathStep,
  type PeerCounters,
} from './path-state';
import { begun, connected, found, lost } from './search';

/** Via the relay it is seldom farther. */
const SLOW_MS = 100;
/** The first handshake was not answered. */
const FIRST_REPEATED = 2;

export function established(path: PathState, counters: PeerCounters, nowMs: number): PathState {
  const search = connected(path.search, nowMs);
  const liveness = alive(counters, nowMs, path.liveness);
  return { ...enter(path, 'relayed', nowMs), handshakes: 0, liveness, search, ...noDirectPath };
}

const noDirectPath = {
  direct: null,
  directMs: null,
  slowSinceMs: null,
  astray: null,
  evidence: [],
} as const;

/** @param roundTripMs null: not measured yet */
export function becomeDirect(
  path: PathState,
  direct: Endpoint,
  roundTripMs: number | null,
  counters: PeerCounters,
  nowMs: number,
): PathState {
  return {
    ...enter(path, 'direct', nowMs),
    ...noDirectPath,
    evidence: path.evidence,
    direct,
    directMs: roundTripMs,
    handshakes: 0,
    attempt: null,
    liveness: alive(counters, nowMs, path.liveness),
    search: found(begun(path.search), nowMs),
  };
}

export function loseDirect(path: PathState, nowMs: number, jitter: number): PathState {
  const wasSteady = nowMs - path.phaseSinceMs >= pathTimings.steadyMs;
  const { directMs, relayMs } = path;
  const isSlow = directMs !== null && relayMs !== null && !isWorth(directMs, relayMs);
  const outcome = isSlow ? 'slower' : 'lost';
  const search = lost(path.search, outcome, wasSteady, nowMs, jitter);
  return { ...path, ...noDirectPath, attempt: null, search };
}

/** Whether a direct path is no slower than the relay, or hardly. One that is slow has to be compared first. */
export function isWorth(roundTripMs: number, relayMs: number | null): boolean {
  if (relayMs === null) return roundTripMs < SLOW_MS;
  return roundTripMs <= relayMs + hysteresisMs(relayMs);
}

/** Via the relay, from the start. */
export function reconnect(path: PathState, nowMs: number, jitter: number): PathStep {
  const connecting = { ...enter(path, 'connecting', nowMs), handshakes: 0, attempt: null, ...noDirectPath };
  return path.relay === null ? unchanged(connecting) : handshake(connecting, path.relay, nowMs, jitter);
}

export function handshake(path: PathState, endpoint: Endpoint, nowMs: number, jitter: number): PathStep {
  const handshakes = path.handshakes + 1;
  const nextHandshakeAtMs = nowMs + retryDelayMs(handshakes, jitter);
  const doubt: PathCommand[] = handshakes === FIRST_REPEATED ? [{ type: 'doubt' }] : [];
  return {
    path: { ...path, handshakes, nextHandshakeAtMs },
    commands: [...doubt, { type: 'handshake', endpoint }],
  };
}

/** 1, 2, 4 … 60 s, a quarter more or less. */
function retryDelayMs(attempts: number, jitter: number): number {
  const { firstRetryMs: firstMs, lastRetryMs: longestMs } = pathTimings;
  return backoffMs({ firstMs, longestMs }, attempts - 1) * (0.75 + jitter / 2);
}
