/** Which ways to a peer work in both directions, and when traffic moves to one. Pure. */
import type { Endpoint } from '#shared/endpoint';
import {
  cameFrom,
  checkedThere,
  evidenceOf,
  heardThere,
  hysteresisMs,
  isProven,
  lastFrom,
  type Proven,
} from './evidence';
import { alive } from './liveness';
import {
  directPatience,
  homeOf,
  pathTimings,
  probeNow,
  unchanged,
  type PathCommand,
  type PathState,
  type PathStep,
  type PeerCounters,
} from './path-state';
import { becomeDirect, isWorth } from './path-transitions';

/** A check of the peer's: answered if WireGuard says that it came directly, from where the peer is to be checked, too. */
export function answerCheck(
  path: PathState,
  nonce: Buffer,
  counters: PeerCounters | undefined,
  nowMs: number,
): PathStep {
  const home = homeOf(path);
  if (!isSeeking(path) || !counters || home === null) return unchanged(path);
  // The next packet via the relay draws the endpoint back, maybe before it is looked at.
  const endpoint =
    counters.endpoint === path.relay
      ? lastFrom(path.evidence, nowMs, pathTimings.recallMs)
      : counters.endpoint;
  if (endpoint === null) return unchanged(path);
  if (endpoint === path.direct) return { path, commands: [{ type: 'say_heard', nonce }] };
  const came = comeFrom(path, endpoint, nowMs);
  const step = moveIfProven(came, endpoint, counters, nowMs);
  if (step) return { ...step, commands: [...step.commands, { type: 'say_heard', nonce }] };
  const isBackOpen = evidenceOf(came.evidence, endpoint).roundTripMs === null;
  const evidence = checkedThere(came.evidence, endpoint, nowMs);
  const answer: PathCommand = { type: 'answer_check', nonce, endpoint, home, isBackOpen };
  return { path: { ...came, evidence }, commands: [answer] };
}

/** The peer's word that it heard this side's check. */
export function takeWord(
  path: PathState,
  endpoint: Endpoint,
  roundTripMs: number,
  counters: PeerCounters | undefined,
  nowMs: number,
): PathStep {
  if (!isSeeking(path) || !counters || endpoint === path.direct) return unchanged(path);
  const heard = { ...path, evidence: heardThere(path.evidence, endpoint, roundTripMs) };
  const next = counters.endpoint === endpoint ? comeFrom(heard, endpoint, nowMs) : heard;
  return moveIfProven(next, endpoint, counters, nowMs) ?? unchanged(next);
}

/** The endpoint is neither where this side left it nor the relay: a packet has come from there, and traffic goes there. */
export function noticeAstray(
  path: PathState,
  endpoint: Endpoint,
  counters: PeerCounters,
  nowMs: number,
): PathStep {
  const came = comeFrom(path, endpoint, nowMs);
  const step = moveIfProven(came, endpoint, counters, nowMs);
  const home = homeOf(path);
  if (step || home === null) return step ?? unchanged(came);
  const { checkedAtMs, roundTripMs } = evidenceOf(came.evidence, endpoint);
  const point: PathCommand = { type: 'point', endpoint: home };
  if (nowMs - checkedAtMs < pathTimings.recheckMs) return { path: came, commands: [point] };
  const evidence = checkedThere(came.evidence, endpoint, nowMs);
  const isBackOpen = roundTripMs === null;
  const turn: PathCommand = isBackOpen ? { type: 'flick', candidates: [endpoint], home } : point;
  if (path.phase !== 'direct') return { path: { ...came, evidence }, commands: [turn] };
  // The peer may be elsewhere now, or have been on its way here by another path: the one in use has to answer.
  const contested = probeNow({ ...came, evidence }, nowMs);
  return { path: contested.path, commands: [turn, ...contested.commands] };
}

function isSeeking({ phase, seeksDirect }: PathState): boolean {
  return seeksDirect && (phase === 'relayed' || phase === 'direct');
}

function comeFrom(path: PathState, endpoint: Endpoint, nowMs: number): PathState {
  const before = path.astray?.endpoint === endpoint ? path.astray : { readings: 0, sinceMs: nowMs };
  const astray = { endpoint, readings: before.readings + 1, sinceMs: before.sinceMs };
  const evidence = cameFrom(path.evidence, endpoint, nowMs);
  const attentiveUntilMs = Math.max(path.attentiveUntilMs, nowMs + pathTimings.settleMs);
  return { ...path, evidence, astray, attentiveUntilMs };
}

function moveIfProven(
  path: PathState,
  endpoint: Endpoint,
  counters: PeerCounters,
  nowMs: number,
): PathStep | null {
  const way = evidenceOf(path.evidence, endpoint);
  if (!isProven(way)) return null;
  const commands = [{ type: 'point', endpoint } as const];
  if (path.phase === 'direct') {
    if (!isToMove(path, way, nowMs)) return null;
    const liveness = alive(counters, nowMs, path.liveness);
    const moved = { direct: endpoint, directMs: way.roundTripMs, slowSinceMs: null, astray: null, liveness };
    return { path: { ...path, ...moved }, commands };
  }
  if (!isToTake(path, way, nowMs)) return null;
  return { path: becomeDirect(path, endpoint, way.roundTripMs, counters, nowMs), commands };
}

/**
 * Whether a path leaves the relay for this way. The side that follows goes first only where the other one is as good as sure
 * to go, too: what the two measure differs by less than half of what makes a difference.
 */
function isToTake(
  { leads, relayMs, astray }: PathState,
  { endpoint, roundTripMs }: Proven,
  nowMs: number,
): boolean {
  if (leads) return isWorth(roundTripMs, relayMs);
  if (isDrawnTo(endpoint, astray, nowMs)) return true;
  if (relayMs === null) return isWorth(roundTripMs, null);
  return roundTripMs <= relayMs + hysteresisMs(relayMs) / 2;
}

/** Whether the peer's traffic comes from there, not just a check. */
function isDrawnTo(endpoint: Endpoint, astray: PathState['astray'], nowMs: number): boolean {
  if (astray?.endpoint !== endpoint) return false;
  return astray.readings >= 3 && nowMs - astray.sinceMs >= pathTimings.drawnMs;
}

/** From one direct path to another. */
function isToMove(path: PathState, way: Proven, nowMs: number): boolean {
  const { liveness, directMs, leads, astray } = path;
  const patienceMs = Math.max(pathTimings.contestMs, 2 * (directMs ?? 0) + directPatience.probeIntervalMs);
  const isUnanswered = liveness.answeredAtMs < way.cameSinceMs && nowMs - way.cameSinceMs >= patienceMs;
  if (isUnanswered) return true;
  if (!leads) return isDrawnTo(way.endpoint, astray, nowMs);
  return directMs !== null && way.roundTripMs + hysteresisMs(way.roundTripMs) < directMs;
}
