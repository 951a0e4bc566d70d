/**
 * The path to one peer, as a state machine. Pure: `stepPath` takes what happened and the time, and returns the next
 * state and what is to be done.
 *
 *         ┌──────────────────── handshake completed directly ──────────────────────┐
 *         │                                                                        ▼
 *     connecting ── handshake completed ──▶ relayed ─── a direct way is proven ──▶ direct
 *         │  ▲                              │    ▲                                 │
 *        9 s └──── relay changed, or ───────┘    └──── the peer sends by relay ────┤
 *         ▼   ▲    no answer                                                       │
 *       failed └────────────────── no answer, or slower than the relay ────────────┘
 *
 * While there is no handshake a new one is forced after 1, 2, 4 … 60 s: WireGuard itself repeats only every 5 s, and
 * sends nothing for 15 s when a relay forgot the session (WireGuard paper, section 6).
 *
 * A direct path needs no relay: an attempt that comes while there is no handshake makes the handshake directly, and what
 * comes of it is direct at once, since it has carried packets both ways (path-reaching.ts).
 *
 * **Becoming direct.** WireGuard moves a peer's endpoint to wherever its last authenticated packet came from. An attempt
 * (attempt.ts) sends a *check* to each of the other side's candidates. A side that gets one, and sees from WireGuard's
 * endpoint that it came directly, says so, sends a check back the same way, and has its traffic return to the relay,
 * where relayed packets would draw it anyway. Traffic moves to a way when the peer has said that it hears this side there, and
 * this side has heard the peer from there (path-checks.ts, evidence.ts); of several, to the fastest.
 *
 * **Ceasing to be.** A direct path on which probes stay unanswered ends (liveness.ts): a handshake via the relay restores the
 * traffic, at both ends, as the relay may have lost the players' addresses meanwhile. So does a peer that sends via the
 * relay again: it has found the path dead in the other direction.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { newAttempt, withoutWaiting, type AttemptOrder } from './attempt';
import { alive, isBusy } from './liveness';
import { answerCheck, takeWord } from './path-checks';
import { awaitHandshake } from './path-reaching';
import {
  enter,
  pathTimings,
  probeNow,
  unchanged,
  type PathFailure,
  type PathInput,
  type PathRole,
  type PathState,
  type PathStep,
  type PeerCounters,
} from './path-state';
import { reconnect } from './path-transitions';
import { takeAnswer, watchDirect, watchRelayed } from './path-watching';
import { begun, changed, newSearch, withoutResting } from './search';

export { pathTimings } from './path-state';
export type {
  PathCommand,
  PathFailure,
  PathInput,
  PathPhase,
  PathRole,
  PathState,
  PathStep,
  PeerCounters,
} from './path-state';

/** The path to a peer that just became known. */
export function newPath(nowMs: number, { seeksDirect, leads }: PathRole): PathState {
  return {
    seeksDirect,
    leads,
    phase: 'connecting',
    phaseSinceMs: nowMs,
    relay: null,
    relayMs: null,
    isHopeless: false,
    handshakes: 0,
    nextHandshakeAtMs: nowMs,
    liveness: alive({ rxBytes: 0, txBytes: 0 }, nowMs),
    direct: null,
    directMs: null,
    slowSinceMs: null,
    movedAtMs: -Infinity,
    attempt: null,
    evidence: [],
    astray: null,
    attentiveUntilMs: nowMs,
    search: newSearch(nowMs),
  };
}

/** @param jitter in [0, 1): spreads the retries of many peers */
export function stepPath(path: PathState, input: PathInput, nowMs: number, jitter: number): PathStep {
  switch (input.type) {
    case 'relay':
      return assignRelay(path, input.relay, nowMs, jitter);
    case 'prospect':
      return unchanged({ ...path, isHopeless: input.isHopeless });
    case 'peer_online':
      return path.phase === 'failed' ? reconnect(path, nowMs, jitter) : unchanged(path);
    case 'network_changed':
      return reorient({ ...path, movedAtMs: nowMs, search: changed(path.search, nowMs) }, nowMs);
    case 'candidates_changed':
      return unchanged({ ...path, search: changed(path.search, nowMs) });
    case 'attempt':
      return begin(path, input, nowMs);
    case 'peer_sent':
      return unchanged(attend(path, nowMs));
    case 'checked':
      return answerCheck(path, input.nonce, input.counters, nowMs);
    case 'heard':
      return takeWord(path, input.endpoint, input.roundTripMs, input.counters, nowMs);
    case 'answered':
      return takeAnswer(path, input.endpoint, input.roundTripMs, nowMs, jitter);
    case 'counters':
      return look(path, input.counters, nowMs, jitter);
  }
}

/** Why a failed path failed. */
export function failureOf(path: PathState): PathFailure | null {
  if (path.phase !== 'failed') return null;
  return path.relay === null ? 'no_relay' : 'no_answer';
}

/** Whether the peer's agent has answered by the direct path that is in use: nobody else can have. */
export function isAnsweringDirectly({ phase, liveness }: PathState): boolean {
  return phase === 'direct' && liveness.answeredAtMs !== -Infinity;
}

/** What carries packets to the peer; null where nothing does, or a local network. */
export function carrierOf({ phase, direct }: PathState): 'relay' | 'internet' | null {
  if (phase === 'relayed') return 'relay';
  if (phase !== 'direct' || direct === null || isLocal(direct)) return null;
  return 'internet';
}

/** Whether an endpoint is one of the local network. */
export function isLocal(endpoint: Endpoint): boolean {
  return ipScope(splitEndpoint(endpoint).address) === 'private';
}

/** How soon the counters are to be looked at again, in milliseconds. */
export function paceOf(path: PathState, nowMs: number): number {
  const { phase, liveness } = path;
  if (path.attempt || nowMs < path.attentiveUntilMs) return 10;
  if (phase === 'direct' && nowMs - path.phaseSinceMs < pathTimings.settleMs) return 20;
  if (phase === 'direct' && (liveness.alarm || liveness.awaitingMs > 0)) return 35;
  if (phase === 'connecting' || liveness.alarm) return 100;
  // While a game runs, so that its outage is short should the path die.
  return phase === 'direct' && isBusy(liveness) ? 100 : 1_000;
}

function look(path: PathState, counters: PeerCounters | undefined, nowMs: number, jitter: number): PathStep {
  switch (path.phase) {
    case 'relayed':
      return watchRelayed(path, counters, nowMs, jitter);
    case 'direct':
      return watchDirect(path, counters, nowMs, jitter);
    default:
      return awaitHandshake(path, counters, nowMs, jitter);
  }
}

function assignRelay(path: PathState, relay: Endpoint | null, nowMs: number, jitter: number): PathStep {
  // A session that was withdrawn may still work, and the relay forwards until it closes it: try on.
  if (relay === null) return unchanged(path);
  const assigned = relay === path.relay ? path : { ...path, relay, relayMs: null };
  // A peer that heard of its new relay first has drawn the endpoint there, which is no direct path.
  const isThere = path.direct === relay || path.astray?.endpoint === relay;
  if (isThere)
    return unchanged({ ...enter(assigned, 'relayed', nowMs), direct: null, directMs: null, astray: null });
  if (path.phase === 'direct') return unchanged(assigned);
  if (path.phase === 'relayed' && relay === path.relay) return probeNow(path, nowMs);
  return reconnect(assigned, nowMs, jitter);
}

/** Both ends may be elsewhere now: a probe shows the relay where this one is, or that a direct path is dead. */
function reorient(path: PathState, nowMs: number): PathStep {
  switch (path.phase) {
    case 'direct':
    case 'relayed':
      return probeNow(path, nowMs, true);
    default:
      return unchanged({ ...path, nextHandshakeAtMs: nowMs });
  }
}

function begin(path: PathState, order: AttemptOrder, nowMs: number): PathStep {
  const isTooSoon = path.attempt && nowMs - path.attempt.startsAtMs < pathTimings.attemptGapMs;
  if (!path.seeksDirect || isTooSoon) return unchanged(path);
  const candidates = withoutResting(path.search, order.candidates, nowMs);
  const attempt = newAttempt({ ...order, candidates }, nowMs);
  return unchanged({ ...path, attempt, evidence: [], search: begun(path.search) });
}

function attend(path: PathState, nowMs: number): PathState {
  if (!path.seeksDirect) return path;
  const attempt = path.attempt && withoutWaiting(path.attempt, nowMs);
  return { ...path, attempt, attentiveUntilMs: nowMs + pathTimings.attentiveMs };
}
