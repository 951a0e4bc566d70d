/**
 * The path to one peer, as a state machine. Pure: `stepPath` takes what happened and the time, and returns the next
 * state and what is to be done.
 *
 *     connecting ── handshake completed ──▶ relayed ── packets come directly ──▶ direct
 *         │  ▲                              │    ▲                                 │
 *        9 s └──── relay changed, or ───────┘    └──── the peer sends by relay ────┤
 *         ▼   ▲    unbroken silence                                                │
 *       failed └──────────────────────── unbroken silence ─────────────────────────┘
 *
 * While there is no handshake a new one is forced after 1, 2, 4 … 60 s: WireGuard itself repeats only every 5 s, and
 * sends nothing for 15 s when a relay forgot the session (WireGuard paper, section 6).
 *
 * **Becoming direct.** WireGuard moves a peer's endpoint to wherever its last authenticated packet came from. An attempt
 * (attempt.ts) sends to the other side's candidates; an endpoint that is not the relay, though nobody here left it so,
 * is a *hit*: a packet of the peer has come directly. The hit is then on *trial*: the endpoint is held there, against
 * relayed packets that were on the way and draw it back, until another packet has come from it. That proves both
 * directions, since the peer answers probes to where they came from.
 *
 * **Ceasing to be.** Silence that probes do not break ends a direct path: a handshake by the relay restores the traffic,
 * at both ends, as the relay may have lost the players' addresses meanwhile. So does a peer that sends by the relay
 * again: it has found the path dead in the other direction.
 */
import type { AttemptCause } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import { newAttempt, stepAttempt, withoutWaiting, type Attempt, type AttemptOrder } from './attempt';
import { alive, probed, watch, type Liveness, type Patience } from './liveness';
import {
  begun,
  changed,
  connected,
  lost,
  newSearch,
  requestWhenDue,
  unanswered,
  type Search,
} from './search';

export type PathPhase = 'connecting' | 'relayed' | 'direct' | 'failed';
export type PathFailure = 'no_relay' | 'no_answer';

export interface PathState {
  readonly phase: PathPhase;
  readonly phaseSinceMs: number;
  /** The relay session in use; null while there never was one. */
  readonly relay: Endpoint | null;
  /** Handshakes forced since the path last worked. */
  readonly handshakes: number;
  readonly nextHandshakeAtMs: number;
  readonly liveness: Liveness;
  /** Where packets come from directly; null unless the phase is `direct`. */
  readonly direct: Endpoint | null;
  readonly attempt: Attempt | null;
  readonly trial: Trial | null;
  readonly search: Search;
}

/** A hit that another packet has to confirm. */
interface Trial {
  readonly endpoint: Endpoint;
  readonly sinceMs: number;
  /** What had been received when the endpoint was last set. */
  readonly rxBytes: number;
  readonly nextProbeAtMs: number;
}

/** What WireGuard says of a peer. */
export interface PeerCounters {
  /** Where it sends, which is where the last authenticated packet came from, or was set since. */
  readonly endpoint: Endpoint | null;
  /** Of the last completed handshake since the peer was configured, Unix time; null before the first. */
  readonly handshakeAtMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export type PathInput =
  /** The control plane assigned a relay session, or confirmed the one there is. */
  | { readonly type: 'relay'; readonly relay: Endpoint | null }
  /** The peer's agent came back. */
  | { readonly type: 'peer_online' }
  /** This machine's addresses changed, or it slept. */
  | { readonly type: 'network_changed' }
  /** This machine can be reached at other addresses than before, though it is where it was. */
  | { readonly type: 'candidates_changed' }
  /** Both sides are to look for a direct path, now; this one `first`. */
  | ({ readonly type: 'attempt' } & AttemptOrder)
  /** The peer says that it has sent to this side's candidates. */
  | { readonly type: 'peer_sent' }
  /** A reading of the counters; undefined while WireGuard does not know the peer. */
  | { readonly type: 'counters'; readonly counters: PeerCounters | undefined };

export type PathCommand =
  /** Configure the peer afresh, which forces a handshake. */
  | { readonly type: 'handshake'; readonly endpoint: Endpoint }
  /** Send a keepalive to each of these, then point to `home` again. */
  | { readonly type: 'flick'; readonly candidates: readonly Endpoint[]; readonly home: Endpoint }
  /** Send there from now on. */
  | { readonly type: 'point'; readonly endpoint: Endpoint }
  /** Send an echo request through the tunnel. */
  | { readonly type: 'probe' }
  /** Tell the peer, through the tunnel, that this side has sent to its candidates. */
  | { readonly type: 'say_sent' }
  /** Ask the control plane for another attempt; `changed`: as something is different from the last one. */
  | { readonly type: 'request_attempt'; readonly cause: AttemptCause };

export interface PathStep {
  readonly path: PathState;
  readonly commands: readonly PathCommand[];
}

export const pathTimings = {
  /** Time to say `failed`; the player is promised 10 s. */
  connectMs: 9_000,
  firstRetryMs: 1_000,
  lastRetryMs: 60_000,
  trialMs: 1_500,
  trialProbeMs: 150,
  /** How long packets by the relay may have been on the way when a path became direct. */
  settleMs: 1_500,
  /** A path over which something was received in so short a time is in use. */
  busyMs: 1_000,
  /** A direct path that lived so long is worth looking for at once when it died. */
  steadyMs: 60_000,
} as const;

const relayPatience: Patience = { idleMs: 5_000, unansweredMs: 1_500, probeIntervalMs: 1_000, probes: 3 };
/** The relay is there to fall back to, so less silence is borne. */
const directPatience: Patience = { idleMs: 5_000, unansweredMs: 400, probeIntervalMs: 300, probes: 3 };

/** The path to a peer that just became known. */
export function newPath(nowMs: number): PathState {
  return {
    phase: 'connecting',
    phaseSinceMs: nowMs,
    relay: null,
    handshakes: 0,
    nextHandshakeAtMs: nowMs,
    liveness: alive({ rxBytes: 0, txBytes: 0 }, nowMs),
    direct: null,
    attempt: null,
    trial: null,
    search: newSearch(nowMs),
  };
}

/** @param jitter in [0, 1): spreads the retries of many peers */
export function stepPath(path: PathState, input: PathInput, nowMs: number, jitter: number): PathStep {
  switch (input.type) {
    case 'relay':
      return assignRelay(path, input.relay, nowMs, jitter);
    case 'peer_online':
      return path.phase === 'failed' ? reconnect(path, nowMs, jitter) : unchanged(path);
    case 'network_changed':
      return reorient({ ...path, search: changed(path.search, nowMs) }, nowMs);
    case 'candidates_changed':
      return unchanged({ ...path, search: changed(path.search, nowMs) });
    case 'attempt':
      return begin(path, newAttempt(input, nowMs));
    case 'peer_sent':
      return unchanged(path.attempt ? { ...path, attempt: withoutWaiting(path.attempt, nowMs) } : path);
    case 'counters':
      return look(path, input.counters, nowMs, jitter);
  }
}

/** Why a failed path failed. */
export function failureOf(path: PathState): PathFailure | null {
  if (path.phase !== 'failed') return null;
  return path.relay === null ? 'no_relay' : 'no_answer';
}

/** How soon the counters are to be looked at again, in milliseconds. */
export function paceOf(path: PathState, nowMs: number): number {
  if (path.attempt ?? path.trial) return 10;
  if (path.phase === 'direct' && nowMs - path.phaseSinceMs < pathTimings.settleMs) return 20;
  if (path.phase === 'connecting' || path.liveness.probes > 0) return 100;
  // While a game runs, so that its outage is short should the path die.
  const isBusy = nowMs - path.liveness.rxGrewAtMs < pathTimings.busyMs;
  return path.phase === 'direct' && isBusy ? 250 : 1_000;
}

function look(path: PathState, counters: PeerCounters | undefined, nowMs: number, jitter: number): PathStep {
  if (path.phase === 'connecting' || path.phase === 'failed') {
    return awaitHandshake(path, counters, nowMs, jitter);
  }
  if (path.phase === 'direct') return watchDirect(path, counters, nowMs, jitter);
  const hit = counters?.endpoint && counters.endpoint !== path.relay ? counters.endpoint : null;
  if (counters && path.trial) return judge(path, path.trial, counters, nowMs, jitter);
  if (counters && hit) return hold(path, { endpoint: hit, sinceMs: nowMs }, counters, nowMs);
  return inTurn(watchRelay(path, counters, nowMs, jitter), (next) =>
    next.phase === 'relayed' ? seek(next, nowMs, jitter) : unchanged(next),
  );
}

function assignRelay(path: PathState, relay: Endpoint | null, nowMs: number, jitter: number): PathStep {
  // A session that was withdrawn may still work, and the relay forwards until it closes it: try on.
  if (relay === null) return unchanged(path);
  // A peer that heard of its new relay first has drawn the endpoint there, which is no direct path.
  const isThere = path.direct === relay || path.trial?.endpoint === relay;
  if (isThere) return unchanged({ ...enter(path, 'relayed', nowMs), relay, direct: null, trial: null });
  if (path.phase === 'direct') return unchanged({ ...path, relay });
  if (path.phase === 'relayed' && relay === path.relay) return probeNow(path, relayPatience, nowMs);
  return reconnect({ ...path, relay }, nowMs, jitter);
}

/** Both ends may be elsewhere now: a probe shows the relay where this one is, or that a direct path is dead. */
function reorient(path: PathState, nowMs: number): PathStep {
  switch (path.phase) {
    case 'direct':
      return probeNow(path, directPatience, nowMs);
    case 'relayed':
      return probeNow(path, relayPatience, nowMs);
    default:
      return unchanged({ ...path, nextHandshakeAtMs: nowMs });
  }
}

function begin(path: PathState, attempt: Attempt): PathStep {
  if (path.phase === 'direct' || path.trial) return unchanged(path);
  return unchanged({ ...path, attempt, search: begun(path.search) });
}

function awaitHandshake(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  if (counters && counters.handshakeAtMs !== null) return unchanged(established(path, counters, nowMs));
  const timedOut = path.phase === 'connecting' && nowMs - path.phaseSinceMs >= pathTimings.connectMs;
  const waiting = timedOut ? enter(path, 'failed', nowMs) : path;
  if (waiting.relay === null || nowMs < waiting.nextHandshakeAtMs) return unchanged(waiting);
  return handshake(waiting, waiting.relay, nowMs, jitter);
}

function established(path: PathState, counters: PeerCounters, nowMs: number): PathState {
  const search = connected(path.search, nowMs);
  return { ...enter(path, 'relayed', nowMs), handshakes: 0, liveness: alive(counters, nowMs), search };
}

function watchRelay(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const { verdict, liveness } = watch(path.liveness, counters, relayPatience, nowMs);
  if (verdict === 'dead') return reconnect(path, nowMs, jitter);
  return { path: { ...path, liveness }, commands: verdict === 'probe' ? [{ type: 'probe' }] : [] };
}

/** Looks for a direct path: goes on with the attempt there is, or asks for one when it is time. */
function seek(path: PathState, nowMs: number, jitter: number): PathStep {
  const { relay } = path;
  if (!path.attempt || relay === null) return request(path, nowMs, jitter);
  const { attempt, flick, isOver } = stepAttempt(path.attempt, nowMs);
  if (isOver) return unchanged({ ...path, attempt: null, search: unanswered(path.search, nowMs, jitter) });
  const next = { ...path, attempt };
  if (flick.length === 0) return unchanged(next);
  return { path: next, commands: [{ type: 'flick', candidates: flick, home: relay }, { type: 'say_sent' }] };
}

function request(path: PathState, nowMs: number, jitter: number): PathStep {
  const { search, request: cause } = requestWhenDue(path.search, nowMs, jitter);
  return { path: { ...path, search }, commands: cause ? [{ type: 'request_attempt', cause }] : [] };
}

/** Holds the endpoint at a hit, and has the peer send from there. */
function hold(
  path: PathState,
  hit: Pick<Trial, 'endpoint' | 'sinceMs'>,
  { rxBytes }: PeerCounters,
  nowMs: number,
): PathStep {
  const trial = { ...hit, rxBytes, nextProbeAtMs: nowMs + pathTimings.trialProbeMs };
  return {
    path: { ...path, trial },
    commands: [{ type: 'point', endpoint: hit.endpoint }, { type: 'probe' }],
  };
}

function judge(
  path: PathState,
  trial: Trial,
  counters: PeerCounters,
  nowMs: number,
  jitter: number,
): PathStep {
  const { endpoint, rxBytes } = counters;
  const isBack = endpoint === path.relay || endpoint === null;
  if (!isBack && rxBytes !== trial.rxBytes) return unchanged(becomeDirect(path, endpoint, counters, nowMs));
  if (nowMs - trial.sinceMs >= pathTimings.trialMs) return returnToRelay(path, nowMs, jitter);
  if (isBack) return hold(path, trial, counters, nowMs);
  if (nowMs < trial.nextProbeAtMs) return unchanged(path);
  const nextProbeAtMs = nowMs + pathTimings.trialProbeMs;
  return { path: { ...path, trial: { ...trial, nextProbeAtMs } }, commands: [{ type: 'probe' }] };
}

/** The trial came to nothing: back to the relay, which the probe tells of this side's address. */
function returnToRelay(path: PathState, nowMs: number, jitter: number): PathStep {
  const search = path.attempt ? path.search : unanswered(path.search, nowMs, jitter);
  const back = probeNow({ ...path, trial: null, search }, relayPatience, nowMs);
  if (path.relay === null) return back;
  return { path: back.path, commands: [{ type: 'point', endpoint: path.relay }, ...back.commands] };
}

function becomeDirect(path: PathState, direct: Endpoint, counters: PeerCounters, nowMs: number): PathState {
  const found = { direct, attempt: null, trial: null, liveness: alive(counters, nowMs) };
  return { ...enter(path, 'direct', nowMs), ...found, search: begun(path.search) };
}

function watchDirect(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  const { direct, relay } = path;
  if (counters && direct && counters.endpoint === relay) {
    if (nowMs - path.phaseSinceMs >= pathTimings.settleMs) {
      const relayed = established(loseDirect(path, nowMs, jitter), counters, nowMs);
      return unchanged(relayed);
    }
    const commands = [{ type: 'point', endpoint: direct } as const, { type: 'probe' } as const];
    return { path, commands };
  }
  // Where else an authenticated packet came from, the peer is now.
  const followed = counters?.endpoint ? { ...path, direct: counters.endpoint } : path;
  const { verdict, liveness } = watch(path.liveness, counters, directPatience, nowMs);
  if (verdict === 'dead') return reconnect(loseDirect(path, nowMs, jitter), nowMs, jitter);
  return { path: { ...followed, liveness }, commands: verdict === 'probe' ? [{ type: 'probe' }] : [] };
}

function loseDirect(path: PathState, nowMs: number, jitter: number): PathState {
  const wasSteady = nowMs - path.phaseSinceMs >= pathTimings.steadyMs;
  return { ...path, direct: null, search: lost(path.search, wasSteady, nowMs, jitter) };
}

/** By the relay, from the start. */
function reconnect(path: PathState, nowMs: number, jitter: number): PathStep {
  const connecting = { ...enter(path, 'connecting', nowMs), handshakes: 0, attempt: null, trial: null };
  return path.relay === null ? unchanged(connecting) : handshake(connecting, path.relay, nowMs, jitter);
}

function handshake(path: PathState, endpoint: Endpoint, nowMs: number, jitter: number): PathStep {
  const handshakes = path.handshakes + 1;
  const nextHandshakeAtMs = nowMs + retryDelayMs(handshakes, jitter);
  return { path: { ...path, handshakes, nextHandshakeAtMs }, commands: [{ type: 'handshake', endpoint }] };
}

function probeNow(path: PathState, patience: Patience, nowMs: number): PathStep {
  const { liveness } = probed(path.liveness, patience, nowMs);
  return { path: { ...path, liveness }, commands: [{ type: 'probe' }] };
}

function inTurn({ path, commands }: PathStep, then: (path: PathState) => PathStep): PathStep {
  const next = then(path);
  return { path: next.path, commands: [...commands, ...next.commands] };
}

function unchanged(path: PathState): PathStep {
  return { path, commands: [] };
}

function enter(path: PathState, phase: PathPhase, nowMs: number): PathState {
  return path.phase === phase ? path : { ...path, phase, phaseSinceMs: nowMs };
}

/** 1, 2, 4 … 60 s, a quarter more or less. */
function retryDelayMs(attempts: number, jitter: number): number {
  const delayMs = Math.min(pathTimings.firstRetryMs * 2 ** (attempts - 1), pathTimings.lastRetryMs);
  return delayMs * (0.75 + jitter / 2);
}
