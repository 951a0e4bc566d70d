/** The path to one peer: what is known of it, what happens to it, what is done about it. See path.ts. Pure. */
import type { AttemptCause } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import type { Attempt, AttemptOrder } from './attempt';
import type { Evidence } from './evidence';
import { probed, type Liveness, type Patience } from './liveness';
import type { Search } from './search';

export type PathPhase = 'connecting' | 'relayed' | 'direct' | 'failed';
export type PathFailure = 'no_relay' | 'no_answer';

/** What is settled before there is a path. */
export interface PathRole {
  /** Whether this side looks for direct paths at all. */
  readonly seeksDirect: boolean;
  /** Whether this side chooses among direct paths that work; the other one follows. One of the two does. */
  readonly leads: boolean;
}

export interface PathState extends PathRole {
  readonly phase: PathPhase;
  readonly phaseSinceMs: number;
  /** The relay session in use; null while there never was one. */
  readonly relay: Endpoint | null;
  /** Round trip via the relay, as measured last; null while unknown. */
  readonly relayMs: number | null;
  /** Whether it is known that no relay will carry packets: then the player is told sooner. */
  readonly isHopeless: boolean;
  /** Handshakes forced since the path last worked. */
  readonly handshakes: number;
  readonly nextHandshakeAtMs: number;
  readonly liveness: Liveness;
  /** Where packets come from directly; null unless the phase is `direct`. */
  readonly direct: Endpoint | null;
  readonly directMs: number | null;
  /** Since when every answer has taken longer by the direct path than via the relay. */
  readonly slowSinceMs: number | null;
  /** When this machine's network was last another one. */
  readonly movedAtMs: number;
  readonly attempt: Attempt | null;
  /** What was heard of paths that are not in use, since the last attempt began. */
  readonly evidence: readonly Evidence[];
  /** Where else than by the direct path in use packets come from, and in how many readings in a row. */
  readonly astray: {
    readonly endpoint: Endpoint;
    readonly readings: number;
    readonly sinceMs: number;
  } | null;
  /** Until when the peer may draw this side's traffic elsewhere, which is to be noticed at once. */
  readonly attentiveUntilMs: number;
  readonly search: Search;
}

/** What WireGuard says of a peer. */
export interface PeerCounters {
  /** Where it sends, which is where the last authenticated packet came from, or was set since. */
  readonly endpoint: Endpoint | null;
  /** When the last handshake since the peer was configured was completed, Unix time; null before the first. */
  readonly handshakeAtMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export type PathInput =
  /** The control plane assigned a relay session, or confirmed the one there is. */
  | { readonly type: 'relay'; readonly relay: Endpoint | null }
  /** What is known of both networks, which says whether a relay can carry packets between them. */
  | { readonly type: 'prospect'; readonly isHopeless: boolean }
  /** The peer's agent came back. */
  | { readonly type: 'peer_online' }
  /** This machine's addresses or routes changed, or it slept. */
  | { readonly type: 'network_changed' }
  /** This machine can be reached at other addresses than before, though it is where it was. */
  | { readonly type: 'candidates_changed' }
  /** Both sides are to look for a direct path, now; this one `first`. */
  | ({ readonly type: 'attempt' } & AttemptOrder)
  /** The peer says that it has sent to this side's candidates. */
  | { readonly type: 'peer_sent' }
  /** A check of the peer's has come; the counters were read after it. */
  | { readonly type: 'checked'; readonly nonce: Buffer; readonly counters: PeerCounters | undefined }
  /** The peer heard the check that was sent to this endpoint; the counters were read after its word. */
  | {
      readonly type: 'heard';
      readonly endpoint: Endpoint;
      readonly roundTripMs: number;
      readonly counters: PeerCounters | undefined;
    }
  /** A probe was answered that went out when the peer was at this endpoint. */
  | { readonly type: 'answered'; readonly endpoint: Endpoint; readonly roundTripMs: number }
  /** A reading of the counters; undefined while WireGuard does not know the peer. */
  | { readonly type: 'counters'; readonly counters: PeerCounters | undefined };

export type PathCommand =
  /** Configure the peer afresh, which forces a handshake. */
  | { readonly type: 'handshake'; readonly endpoint: Endpoint }
  /** Configure the peer afresh at each of these in turn, which sends a handshake initiation there. */
  | { readonly type: 'knock'; readonly candidates: readonly Endpoint[] }
  /** Remove the peer from WireGuard. */
  | { readonly type: 'forget' }
  /** Send a check to each of these, then point to `home` again. */
  | { readonly type: 'flick'; readonly candidates: readonly Endpoint[]; readonly home: Endpoint }
  /** Say to the peer that its check was heard, at this endpoint and by `home`; `isBackOpen`: check the way back, too. */
  | {
      readonly type: 'answer_check';
      readonly nonce: Buffer;
      readonly endpoint: Endpoint;
      readonly home: Endpoint;
      readonly isBackOpen: boolean;
    }
  /** Say to the peer that its check was heard. */
  | { readonly type: 'say_heard'; readonly nonce: Buffer }
  /** Send there from now on. */
  | { readonly type: 'point'; readonly endpoint: Endpoint }
  /** Send an echo request through the tunnel; the answer is one for this endpoint. */
  | { readonly type: 'probe'; readonly endpoint: Endpoint }
  /** See whether the relays still answer, as this peer does not. */
  | { readonly type: 'doubt' }
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
  /** Time to say `failed` where the culprit is known: long enough for `doubt` to have the relays measured again. */
  hopelessMs: 3_300,
  firstRetryMs: 1_000,
  lastRetryMs: 60_000,
  /** How long the relay has for a handshake before one is tried directly. */
  relayFirstMs: 1_000,
  /** How long a handshake that the peer has begun may take. */
  handshakeMs: 400,
  /** How long packets via the relay may have been on the way when a path became direct. */
  settleMs: 1_500,
  /** The server orders attempts 2 s apart at the least. */
  attemptGapMs: 1_000,
  /** A direct path that lived so long is worth looking for at once when it died. */
  steadyMs: 60_000,
  /** How long the peer's attempt can draw traffic elsewhere. */
  attentiveMs: 3_500,
  /** Between two checks of the same way, if packets come from there all the time. */
  recheckMs: 80,
  /** How long after a packet by another way a check is taken to have come by it. */
  recallMs: 200,
  /** For this long after a move, packets may still arrive by the former network, and WireGuard would answer by it. */
  movedMs: 5_000,
  /** How long a direct path may be slower than the relay: a download that slows both down may be over by then. */
  slowMs: 30_000,
  /** How long packets come from elsewhere before they are the peer's traffic, not its checks. */
  drawnMs: 100,
  /** How long the direct path in use has to answer when packets come from elsewhere. */
  contestMs: 250,
} as const;

export const relayPatience: Patience = {
  idleMs: 5_000,
  idleProbeIntervalMs: 1_000,
  unansweredMs: 1_500,
  probeIntervalMs: 1_000,
  probes: 3,
  heartbeatMs: 1_000,
  longestLookMs: 1_250,
};
/** The relay is there to fall back to, so less silence is accepted. */
export const directPatience: Patience = {
  idleMs: 5_000,
  idleProbeIntervalMs: 300,
  unansweredMs: 100,
  probeIntervalMs: 70,
  probes: 3,
  heartbeatMs: 400,
  longestLookMs: 250,
};

export function unchanged(path: PathState): PathStep {
  return { path, commands: [] };
}

export function inTurn({ path, commands }: PathStep, then: (path: PathState) => PathStep): PathStep {
  const next = then(path);
  return { path: next.path, commands: [...commands, ...next.commands] };
}

export function enter(path: PathState, phase: PathPhase, nowMs: number): PathState {
  return path.phase === phase ? path : { ...path, phase, phaseSinceMs: nowMs };
}

/** Where this side's traffic belongs; null while there is nowhere to send. */
export function homeOf({ direct, relay }: PathState): Endpoint | null {
  return direct ?? relay;
}

export function probe(path: PathState): readonly PathCommand[] {
  const endpoint = homeOf(path);
  return endpoint === null ? [] : [{ type: 'probe', endpoint }];
}

/** @param isUrgent it has to be answered, whatever else arrives */
export function probeNow(path: PathState, nowMs: number, isUrgent = false): PathStep {
  const patience = path.phase === 'direct' ? directPatience : relayPatience;
  const { liveness } = probed(path.liveness, patience, nowMs, isUrgent);
  return { path: { ...path, liveness }, commands: probe(path) };
}
