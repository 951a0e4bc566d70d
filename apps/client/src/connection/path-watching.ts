/** A path that carries packets: whether it lives, and whether another one would be better. Pure. */
import type { Endpoint } from '#shared/endpoint';
import { stepAttempt, type Attempt } from './attempt';
import { isOneWay, isProven } from './evidence';
import { answered, watch } from './liveness';
import { noticeAstray } from './path-checks';
import { request } from './path-reaching';
import {
  directPatience,
  homeOf,
  inTurn,
  pathTimings,
  probe,
  relayPatience,
  unchanged,
  type PathState,
  type PathStep,
  type PeerCounters,
} from './path-state';
import { established, isWorth, loseDirect, reconnect } from './path-transitions';
import { ended } from './search';

/** A peer that sends from many addresses does not make this side send to them all. */
const MOST_PROMISING = 4;
/** No player notices when a path that takes less than this gets faster. */
const FAST_MS = 5;

export function watchRelayed(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const isAstray = path.seeksDirect && counters?.endpoint && counters.endpoint !== path.relay;
  const noticed = isAstray
    ? noticeAstray(path, counters.endpoint, counters, nowMs)
    : unchanged(backHome(path, counters));
  if (noticed.path.phase === 'direct') return noticed;
  return inTurn(noticed, (next) =>
    inTurn(watchLife(next, counters, nowMs, jitter), (living) =>
      living.phase === 'relayed' ? seek(living, nowMs, jitter) : unchanged(living),
    ),
  );
}

export function watchDirect(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const { direct, relay } = path;
  const endpoint = counters?.endpoint ?? null;
  if (counters && direct && endpoint !== null && endpoint === relay) {
    // WireGuard answers by the way on which it was asked, which a machine that has moved may not have any more.
    if (nowMs - path.movedAtMs < pathTimings.movedMs)
      return reconnect(loseDirect(path, nowMs, jitter), nowMs, jitter);
    if (nowMs - path.phaseSinceMs >= pathTimings.settleMs)
      return unchanged(established(loseDirect(path, nowMs, jitter), counters, nowMs));
    return { path, commands: [{ type: 'point', endpoint: direct }, ...probe(path)] };
  }
  const isAstray = counters && endpoint !== null && endpoint !== direct;
  const noticed = isAstray
    ? noticeAstray(path, endpoint, counters, nowMs)
    : unchanged(backHome(path, counters));
  return inTurn(noticed, (next) =>
    inTurn(watchLife(next, counters, nowMs, jitter), (living) =>
      living.phase === 'direct' ? seekBetter(living, nowMs, jitter) : unchanged(living),
    ),
  );
}

/** A probe was answered: the path in use works both ways, and takes so long. */
export function takeAnswer(
  path: PathState,
  endpoint: Endpoint,
  roundTripMs: number,
  nowMs: number,
  jitter: number,
): PathStep {
  const isInUse = path.phase === 'relayed' || path.phase === 'direct';
  const measured = endpoint === path.relay ? { ...path, relayMs: leastOf(path.relayMs, roundTripMs) } : path;
  if (!isInUse || endpoint !== homeOf(path)) return unchanged(measured);
  const living = { ...measured, liveness: answered(path.liveness, nowMs) };
  return path.phase === 'direct' ? compare(living, roundTripMs, nowMs, jitter) : unchanged(living);
}

/** Is it still worth it? The side that leads gives it up when it has been slower than the relay for too long. */
function compare(path: PathState, roundTripMs: number, nowMs: number, jitter: number): PathStep {
  const isSlow = path.relayMs !== null && !isWorth(roundTripMs, path.relayMs);
  const slowSinceMs = isSlow ? (path.slowSinceMs ?? nowMs) : null;
  const measured = { ...path, slowSinceMs, directMs: smoothed(path.directMs, roundTripMs) };
  const isTooSlow = slowSinceMs !== null && nowMs - slowSinceMs >= pathTimings.slowMs;
  if (!path.leads || !isTooSlow) return unchanged(measured);
  return reconnect(loseDirect(measured, nowMs, jitter), nowMs, jitter);
}

/** The least, as what is longer was held up somewhere; in the long run, what it is now. */
function leastOf(beforeMs: number | null, roundTripMs: number): number {
  if (beforeMs === null || roundTripMs < beforeMs) return roundTripMs;
  return (15 * beforeMs + roundTripMs) / 16;
}

function smoothed(beforeMs: number | null, roundTripMs: number): number {
  return beforeMs === null ? roundTripMs : (3 * beforeMs + roundTripMs) / 4;
}

/** Packets come from where they should. */
function backHome(path: PathState, counters: PeerCounters | undefined): PathState {
  const isHeard = counters !== undefined && counters.rxBytes !== path.liveness.rxBytes;
  return isHeard ? { ...path, astray: null } : path;
}

function watchLife(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const isDirect = path.phase === 'direct';
  const patience = isDirect ? directPatience : relayPatience;
  const roundTripMs = isDirect ? path.directMs : path.relayMs;
  const { verdict, liveness } = watch(path.liveness, counters, patience, nowMs, roundTripMs);
  const watched = { ...path, liveness };
  if (verdict === 'dead')
    return reconnect(isDirect ? loseDirect(watched, nowMs, jitter) : watched, nowMs, jitter);
  return { path: watched, commands: verdict === 'probe' ? probe(watched) : [] };
}

/**
 * Looks for a direct path: goes on with the attempt there is, or asks for one when it is time. How far it is via the relay is
 * asked at the same time, as a direct path has to be compared with it.
 */
function seek(path: PathState, nowMs: number, jitter: number): PathStep {
  const home = homeOf(path);
  if (!path.attempt || home === null) return request(path, nowMs, jitter);
  const { attempt, flick, isOver } = stepAttempt(path.attempt, nowMs);
  if (isOver) return unchanged(conclude(path, path.attempt, nowMs, jitter));
  const next = { ...path, attempt };
  if (attempt.round === path.attempt.round) return unchanged(next);
  // What has answered, or sent, is tried in every round: the other half of its proof may have been missed, and a way that
  // seems slow may have been measured in a busy moment.
  const promising = path.evidence
    .filter((one) => isOneWay(one) || isProven(one))
    .slice(-MOST_PROMISING)
    .map(({ endpoint }) => endpoint);
  const candidates = [...new Set([...flick, ...promising])].filter((endpoint) => endpoint !== path.direct);
  if (candidates.length === 0) return unchanged(next);
  const measure = path.phase === 'relayed' && path.relayMs === null ? probe(path) : [];
  return { path: next, commands: [...measure, { type: 'flick', candidates, home }, { type: 'say_sent' }] };
}

/** Looks for a faster path while there is a direct one, unless that is fast enough; the side that leads asks. */
function seekBetter(path: PathState, nowMs: number, jitter: number): PathStep {
  const isWanted = path.leads && path.directMs !== null && path.directMs > FAST_MS;
  return path.attempt || isWanted ? seek(path, nowMs, jitter) : unchanged(path);
}

/** The attempt came to nothing that is better than what there is. */
function conclude(path: PathState, { candidates }: Attempt, nowMs: number, jitter: number): PathState {
  const known = path.evidence.filter(({ endpoint }) => endpoint !== path.direct);
  const oneWay = known.filter(isOneWay).map(({ endpoint }) => endpoint);
  if (path.phase === 'direct') return { ...path, attempt: null };
  const isOnlyOneWay = candidates.length > 0 && oneWay.length > 0;
  const outcome = known.some(isProven) ? 'slower' : isOnlyOneWay ? 'one_way' : 'unanswered';
  return { ...path, attempt: null, search: ended(path.search, outcome, oneWay, nowMs, jitter) };
}
