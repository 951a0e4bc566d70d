/** A path without a session: a handshake via the relay, or directly when an attempt has been ordered. Pure. */
import { stepKnocks, type Attempt } from './attempt';
import { alive } from './liveness';
import {
  enter,
  inTurn,
  pathTimings,
  unchanged,
  type PathState,
  type PathStep,
  type PeerCounters,
} from './path-state';
import { becomeDirect, established, handshake } from './path-transitions';
import { ended, requestWhenDue } from './search';

export function awaitHandshake(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  if (counters && counters.handshakeAtMs !== null) return unchanged(shakenHands(path, counters, nowMs));
  const patienceMs = path.isHopeless ? pathTimings.hopelessMs : pathTimings.connectMs;
  const timedOut = path.phase === 'connecting' && nowMs - path.phaseSinceMs >= patienceMs;
  const waiting = timedOut ? enter(path, 'failed', nowMs) : path;
  if (waiting.attempt) return knock(waiting, waiting.attempt, counters, nowMs, jitter);
  return inTurn(handshakeWhenDue(waiting, nowMs, jitter), (next) => request(next, nowMs, jitter));
}

/** Asks for an attempt when it is time. */
export function request(path: PathState, nowMs: number, jitter: number): PathStep {
  if (!path.seeksDirect) return unchanged(path);
  const { search, request: cause } = requestWhenDue(path.search, nowMs, jitter);
  return { path: { ...path, search }, commands: cause ? [{ type: 'request_attempt', cause }] : [] };
}

function shakenHands(path: PathState, counters: PeerCounters, nowMs: number): PathState {
  const { endpoint } = counters;
  const isRelayed = endpoint === null || endpoint === path.relay || !path.seeksDirect;
  return isRelayed ? established(path, counters, nowMs) : becomeDirect(path, endpoint, null, counters, nowMs);
}

function handshakeWhenDue(path: PathState, nowMs: number, jitter: number): PathStep {
  if (path.relay === null || nowMs < path.nextHandshakeAtMs) return unchanged(path);
  return handshake(path, path.relay, nowMs, jitter);
}

/** Goes on with an attempt that has no session to use: makes one, directly. */
function knock(
  path: PathState,
  knocking: Attempt,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const isRelaysTurn = path.phase === 'connecting' && nowMs - path.phaseSinceMs < pathTimings.relayFirstMs;
  if (path.relay !== null && isRelaysTurn) return handshakeWhenDue(path, nowMs, jitter);
  // To configure the peer afresh would undo a handshake that it has begun.
  const hasBegun = counters !== undefined && counters.rxBytes > path.liveness.rxBytes;
  const heard = hasBegun ? { ...path, liveness: alive(counters, nowMs) } : path;
  const { rxBytes, lookedAtMs } = heard.liveness;
  if (rxBytes > 0 && nowMs - lookedAtMs < pathTimings.handshakeMs) return unchanged(heard);
  const { attempt, flick, isOver } = stepKnocks(knocking, nowMs);
  if (isOver) return stopKnocking(heard, nowMs, jitter);
  const next = { ...heard, attempt };
  if (flick.length === 0) return unchanged(next);
  const liveness = alive({ rxBytes: 0, txBytes: 0 }, nowMs);
  return { path: { ...next, liveness }, commands: [{ type: 'knock', candidates: flick }] };
}

/** Back to the relay; without one, WireGuard would go on knocking by itself. */
function stopKnocking(path: PathState, nowMs: number, jitter: number): PathStep {
  const search = ended(path.search, 'unanswered', [], nowMs, jitter);
  const waiting = { ...path, attempt: null, search, nextHandshakeAtMs: nowMs };
  if (path.relay === null) return { path: waiting, commands: [{ type: 'forget' }] };
  return handshakeWhenDue(waiting, nowMs, jitter);
}
