/**
 * Is anybody still there, and do they hear this side? Told from WireGuard's counters and from answers to probes. Pure.
 *
 * What arrives shows that one direction works. That the other does, only an answer shows: so while something is sent,
 * probes go along, and a path over which they stay unanswered is dead, whatever arrives. An agent that never answered one is
 * judged by what arrives alone, so that a game outlives the agent of the other side.
 */

/** What WireGuard says of the traffic with a peer. */
export interface TrafficCounters {
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** What was seen of a path so far. Durations count time that was looked at: a stalled machine hears nobody. */
export interface Liveness {
  readonly rxBytes: number;
  /** What had been sent when something was last received. */
  readonly txBytesAtRx: number;
  readonly lookedAtMs: number;
  readonly silentMs: number;
  /** The part of the silence in which something was sent. */
  readonly awaitingMs: number;
  /** The longest silence after something sent that came to an end, and when that was. */
  readonly gap: { readonly lastedMs: number; readonly atMs: number };
  /** Probes because of silence, or because this machine may be elsewhere. */
  readonly alarm: Alarm | null;
  readonly heartbeat: { readonly txBytes: number; readonly nextAtMs: number };
  /** Since the last answer. */
  readonly unanswered: { readonly probes: number; readonly sinceMs: number };
  /** -Infinity before the first answer. */
  readonly answeredAtMs: number;
}

interface Alarm {
  readonly probes: number;
  readonly lastedMs: number;
  readonly nextProbeAtMs: number;
  /** What arrives does not end it. */
  readonly isUrgent: boolean;
}

/** How long silence is accepted. */
export interface Patience {
  /** Silence on a path over which nothing is sent either. */
  readonly idleMs: number;
  readonly idleProbeIntervalMs: number;
  /** Silence on a path over which something is sent; longer where silences were longer lately. */
  readonly unansweredMs: number;
  readonly probeIntervalMs: number;
  /** Unanswered probes after which a path is dead. */
  readonly probes: number;
  readonly heartbeatMs: number;
  /** While something is expected, the time between two looks counts for this much at most. */
  readonly longestLookMs: number;
}

export type Verdict = 'alive' | 'silent' | 'probe' | 'dead';

export interface Watched {
  readonly verdict: Verdict;
  readonly liveness: Liveness;
}

/** At rest, the time between two looks at a path counts for this much at most. */
const LONGEST_LOOK_MS = 1_250;
/** How long a silence is remembered, and how much of it counts. */
const GAP_REMEMBERED_MS = 120_000;
const LONGEST_WAIT_MS = 1_000;
/** More than probes and their answers: a game. */
const BUSY_BYTES = 400;
/** Unanswered heartbeats of a living path are rare: the peer's agent is busy, or they were lost. */
const HEARTBEATS = 4;

/** Something was received just now. */
export function alive({ rxBytes, txBytes }: TrafficCounters, nowMs: number, before?: Liveness): Liveness {
  return {
    rxBytes,
    txBytesAtRx: txBytes,
    lookedAtMs: nowMs,
    silentMs: 0,
    awaitingMs: 0,
    gap: before ? gapOf(before, nowMs) : { lastedMs: 0, atMs: nowMs },
    alarm: null,
    heartbeat: { txBytes, nextAtMs: nowMs },
    unanswered: { probes: 0, sinceMs: nowMs },
    answeredAtMs: -Infinity,
  };
}

/**
 * Looks for silence; a reading that is missing counts as silence. `probe`: send one now.
 * @param roundTripMs of the path, as far as it is known
 */
export function watch(
  before: Liveness,
  counters: TrafficCounters | undefined,
  patience: Patience,
  nowMs: number,
  roundTripMs: number | null = null,
): Watched {
  const liveness = observe(before, counters, patience, nowMs);
  const { alarm, unanswered } = liveness;
  if (alarm) return sound(liveness, alarm, isSending(liveness, counters), patience, nowMs, roundTripMs);
  if (isSilent(liveness, patience, nowMs)) return probed(liveness, patience, nowMs);
  const isDeaf = unanswered.probes >= HEARTBEATS && liveness.answeredAtMs !== -Infinity;
  if (isDeaf && nowMs >= liveness.heartbeat.nextAtMs) return { verdict: 'dead', liveness };
  if (counters && isBeatDue(liveness, counters, nowMs)) return beat(liveness, counters, patience, nowMs);
  return { verdict: liveness.silentMs === 0 ? 'alive' : 'silent', liveness };
}

/** A probe is sent now, silence or not. @param isUrgent it has to be answered, whatever else arrives */
export function probed(
  liveness: Liveness,
  { idleProbeIntervalMs, probeIntervalMs }: Patience,
  nowMs: number,
  isUrgent = false,
): Watched {
  const before = liveness.alarm ?? { probes: 0, lastedMs: 0, isUrgent };
  const isHasty = isUrgent || before.isUrgent;
  const intervalMs = liveness.awaitingMs > 0 || isHasty ? probeIntervalMs : idleProbeIntervalMs;
  const { probes, lastedMs } = before;
  const alarm = { probes: probes + 1, lastedMs, nextProbeAtMs: nowMs + intervalMs, isUrgent: isHasty };
  return { verdict: 'probe', liveness: { ...withProbe(liveness, nowMs), alarm } };
}

/** A probe was answered, so the path works both ways. */
export function answered(liveness: Liveness, nowMs: number): Liveness {
  const unanswered = { probes: 0, sinceMs: nowMs };
  const gap = gapOf(liveness, nowMs);
  return { ...liveness, gap, silentMs: 0, awaitingMs: 0, alarm: null, unanswered, answeredAtMs: nowMs };
}

/** Whether a game is on, so that silence is to be noticed soon. */
export function isBusy({ silentMs }: Liveness): boolean {
  return silentMs < 1_000;
}

function observe(
  before: Liveness,
  counters: TrafficCounters | undefined,
  { longestLookMs }: Patience,
  nowMs: number,
): Liveness {
  const sinceMs = Math.max(0, nowMs - before.lookedAtMs);
  const passedMs = Math.min(sinceMs, longestLookMs);
  const { alarm } = before;
  const liveness = { ...before, lookedAtMs: nowMs };
  if (!counters || counters.rxBytes === before.rxBytes) {
    return {
      ...liveness,
      silentMs: before.silentMs + Math.min(sinceMs, LONGEST_LOOK_MS),
      awaitingMs: isSending(before, counters) ? before.awaitingMs + passedMs : 0,
      alarm: alarm && { ...alarm, lastedMs: alarm.lastedMs + passedMs },
    };
  }
  return {
    ...liveness,
    rxBytes: counters.rxBytes,
    txBytesAtRx: counters.txBytes,
    silentMs: 0,
    awaitingMs: 0,
    gap: gapOf(before, nowMs),
    alarm: alarm?.isUrgent ? { ...alarm, lastedMs: alarm.lastedMs + passedMs } : null,
  };
}

function gapOf({ gap, awaitingMs }: Liveness, nowMs: number): Liveness['gap'] {
  const isForgotten = nowMs - gap.atMs > GAP_REMEMBERED_MS;
  return isForgotten || awaitingMs >= gap.lastedMs ? { lastedMs: awaitingMs, atMs: nowMs } : gap;
}

function isSending({ txBytesAtRx }: Liveness, counters: TrafficCounters | undefined): boolean {
  return counters !== undefined && counters.txBytes !== txBytesAtRx;
}

function isSilent({ silentMs, awaitingMs, gap }: Liveness, patience: Patience, nowMs: number): boolean {
  if (silentMs >= patience.idleMs) return true;
  const lastGapMs = nowMs - gap.atMs > GAP_REMEMBERED_MS ? 0 : gap.lastedMs;
  return awaitingMs >= Math.max(patience.unansweredMs, Math.min(2 * lastGapMs, LONGEST_WAIT_MS));
}

/** Goes on probing until the answers have had time to come. */
function sound(
  liveness: Liveness,
  { probes, lastedMs, nextProbeAtMs, isUrgent }: Alarm,
  sending: boolean,
  patience: Patience,
  nowMs: number,
  roundTripMs: number | null,
): Watched {
  const intervalMs = sending || isUrgent ? patience.probeIntervalMs : patience.idleProbeIntervalMs;
  const leastMs = Math.max(patience.probes * intervalMs, roundTripMs === null ? 0 : 2 * roundTripMs + 50);
  if (probes >= patience.probes && lastedMs >= leastMs) return { verdict: 'dead', liveness };
  if (nowMs < nextProbeAtMs) return { verdict: 'silent', liveness };
  return probed(liveness, patience, nowMs);
}

function isBeatDue({ heartbeat }: Liveness, { txBytes }: TrafficCounters, nowMs: number): boolean {
  return nowMs >= heartbeat.nextAtMs && txBytes - heartbeat.txBytes >= BUSY_BYTES;
}

function beat(
  liveness: Liveness,
  { txBytes }: TrafficCounters,
  { heartbeatMs }: Patience,
  nowMs: number,
): Watched {
  const heartbeat = { txBytes, nextAtMs: nowMs + heartbeatMs };
  return { verdict: 'probe', liveness: { ...withProbe(liveness, nowMs), heartbeat } };
}

function withProbe(liveness: Liveness, nowMs: number): Liveness {
  const { probes, sinceMs } = liveness.unanswered;
  return { ...liveness, unanswered: { probes: probes + 1, sinceMs: probes === 0 ? nowMs : sinceMs } };
}
