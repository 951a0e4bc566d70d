/**
 * The path to one peer, as a state machine. Pure: `stepPath` takes what happened and the time, and returns the next
 * state and what is to be done.
 *
 *     connecting ── handshake completed ──▶ relayed
 *         │  ▲                                │
 *        9 s └── relay changed, or silence ───┘
 *         ▼      that three probes did not break
 *       failed ── handshake completed ──▶ relayed
 *
 * While there is no handshake a new one is forced after 1, 2, 4 … 60 s: WireGuard itself repeats only every 5 s, and
 * sends nothing for 15 s when a relay forgot the session (WireGuard paper, section 6).
 */
import type { Endpoint } from '#shared/endpoint';

export type PathPhase = 'connecting' | 'relayed' | 'failed';
export type PathFailure = 'no_relay' | 'no_answer';

export interface PathState {
  readonly phase: PathPhase;
  readonly phaseSinceMs: number;
  /** The relay session in use; null while there never was one. */
  readonly relay: Endpoint | null;
  /** Handshakes forced since the path last worked. */
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
  readonly liveness: Liveness;
}

/** Signs of life, from WireGuard's counters. */
interface Liveness {
  readonly rxBytes: number;
  readonly rxGrewAtMs: number;
  /** What had been sent when something was last received. */
  readonly txBytesAtRx: number;
  readonly probes: number;
  readonly nextProbeAtMs: number;
}

/** What WireGuard says of a peer. */
export interface PeerCounters {
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
  /** A reading of the counters; undefined while WireGuard does not know the peer. */
  | { readonly type: 'counters'; readonly counters: PeerCounters | undefined };

/** `handshake`: configure the peer afresh at `relay`, which forces one. `probe`: send an echo request. */
export type PathCommand = 'handshake' | 'probe';

export interface PathStep {
  readonly path: PathState;
  readonly command?: PathCommand;
}

export const pathTimings = {
  /** Time to say `failed`; the player is promised 10 s. */
  connectMs: 9_000,
  firstRetryMs: 1_000,
  lastRetryMs: 60_000,
  /** Silence on a path over which nothing is sent either. */
  idleMs: 5_000,
  /** Silence on a path over which something is sent. */
  unansweredMs: 1_500,
  probeIntervalMs: 1_000,
  probes: 3,
} as const;

/** The path to a peer that just became known. */
export function newPath(nowMs: number): PathState {
  const liveness = { rxBytes: 0, rxGrewAtMs: nowMs, txBytesAtRx: 0, probes: 0, nextProbeAtMs: 0 };
  return {
    phase: 'connecting',
    phaseSinceMs: nowMs,
    relay: null,
    attempts: 0,
    nextAttemptAtMs: nowMs,
    liveness,
  };
}

/** @param jitter in [0, 1): spreads the retries of many peers */
export function stepPath(path: PathState, input: PathInput, nowMs: number, jitter: number): PathStep {
  switch (input.type) {
    case 'relay':
      return assignRelay(path, input.relay, nowMs, jitter);
    case 'peer_online':
      return path.phase === 'failed' ? reconnect(path, nowMs, jitter) : { path };
    case 'counters':
      return path.phase === 'relayed'
        ? watch(path, input.counters, nowMs, jitter)
        : awaitHandshake(path, input.counters, nowMs, jitter);
  }
}

/** Why a failed path failed. */
export function failureOf(path: PathState): PathFailure | null {
  if (path.phase !== 'failed') return null;
  return path.relay === null ? 'no_relay' : 'no_answer';
}

function assignRelay(path: PathState, relay: Endpoint | null, nowMs: number, jitter: number): PathStep {
  // A session that was withdrawn may still work, and the relay forwards until it closes it: try on.
  if (relay === null) return { path };
  if (path.phase === 'relayed' && relay === path.relay) return probe(path, nowMs);
  return reconnect({ ...path, relay }, nowMs, jitter);
}

function awaitHandshake(
  path: PathState,
  counters: PeerCounters | undefined,
  nowMs: number,
  jitter: number,
): PathStep {
  if (counters && counters.handshakeAtMs !== null) return { path: established(path, counters, nowMs) };
  const timedOut = path.phase === 'connecting' && nowMs - path.phaseSinceMs >= pathTimings.connectMs;
  const waiting = timedOut ? enter(path, 'failed', nowMs) : path;
  if (waiting.relay === null || nowMs < waiting.nextAttemptAtMs) return { path: waiting };
  return attempt(waiting, nowMs, jitter);
}

/** Looks for silence; a reading that is missing counts as silence. */
function watch(path: PathState, counters: PeerCounters | undefined, nowMs: number, jitter: number): PathStep {
  const { rxBytes, rxGrewAtMs, txBytesAtRx, probes, nextProbeAtMs } = path.liveness;
  if (counters && counters.rxBytes !== rxBytes) return { path: established(path, counters, nowMs) };
  if (probes > 0) {
    if (nowMs < nextProbeAtMs) return { path };
    return probes < pathTimings.probes ? probe(path, nowMs) : reconnect(path, nowMs, jitter);
  }
  const isSending = counters !== undefined && counters.txBytes !== txBytesAtRx;
  const patienceMs = isSending ? pathTimings.unansweredMs : pathTimings.idleMs;
  return nowMs - rxGrewAtMs >= patienceMs ? probe(path, nowMs) : { path };
}

function established(path: PathState, { rxBytes, txBytes }: PeerCounters, nowMs: number): PathState {
  const liveness = { rxBytes, rxGrewAtMs: nowMs, txBytesAtRx: txBytes, probes: 0, nextProbeAtMs: 0 };
  return { ...enter(path, 'relayed', nowMs), attempts: 0, liveness };
}

function reconnect(path: PathState, nowMs: number, jitter: number): PathStep {
  const connecting = { ...enter(path, 'connecting', nowMs), attempts: 0 };
  return connecting.relay === null ? { path: connecting } : attempt(connecting, nowMs, jitter);
}

function attempt(path: PathState, nowMs: number, jitter: number): PathStep {
  const attempts = path.attempts + 1;
  const nextAttemptAtMs = nowMs + retryDelayMs(attempts, jitter);
  return { path: { ...path, attempts, nextAttemptAtMs }, command: 'handshake' };
}

function probe(path: PathState, nowMs: number): PathStep {
  const probes = path.liveness.probes + 1;
  const nextProbeAtMs = nowMs + pathTimings.probeIntervalMs;
  return { path: { ...path, liveness: { ...path.liveness, probes, nextProbeAtMs } }, command: 'probe' };
}

function enter(path: PathState, phase: PathPhase, nowMs: number): PathState {
  return path.phase === phase ? path : { ...path, phase, phaseSinceMs: nowMs };
}

/** 1, 2, 4 … 60 s, a quarter more or less. */
function retryDelayMs(attempts: number, jitter: number): number {
  const delayMs = Math.min(pathTimings.firstRetryMs * 2 ** (attempts - 1), pathTimings.lastRetryMs);
  return delayMs * (0.75 + jitter / 2);
}
