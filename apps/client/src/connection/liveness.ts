/** Is anybody still there? Told from WireGuard's counters, and asked for by probes. Pure. */

/** What WireGuard says of the traffic with a peer. */
export interface TrafficCounters {
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** What was seen of a path so far. */
export interface Liveness {
  readonly rxBytes: number;
  readonly rxGrewAtMs: number;
  /** What had been sent when something was last received. */
  readonly txBytesAtRx: number;
  /** Sent since something was last received. */
  readonly probes: number;
  readonly nextProbeAtMs: number;
}

/** How long silence is borne. */
export interface Patience {
  /** Silence on a path over which nothing is sent either. */
  readonly idleMs: number;
  /** Silence on a path over which something is sent. */
  readonly unansweredMs: number;
  readonly probeIntervalMs: number;
  /** Unanswered probes after which a path is dead. */
  readonly probes: number;
}

export type Verdict = 'alive' | 'silent' | 'probe' | 'dead';

export interface Watched {
  readonly verdict: Verdict;
  readonly liveness: Liveness;
}

/** Something was received just now. */
export function alive({ rxBytes, txBytes }: TrafficCounters, nowMs: number): Liveness {
  return { rxBytes, rxGrewAtMs: nowMs, txBytesAtRx: txBytes, probes: 0, nextProbeAtMs: 0 };
}

/** Looks for silence; a reading that is missing counts as silence. `probe`: send one now. */
export function watch(
  liveness: Liveness,
  counters: TrafficCounters | undefined,
  patience: Patience,
  nowMs: number,
): Watched {
  const { rxBytes, rxGrewAtMs, txBytesAtRx, probes, nextProbeAtMs } = liveness;
  if (counters && counters.rxBytes !== rxBytes) return { verdict: 'alive', liveness: alive(counters, nowMs) };
  if (probes > 0) {
    if (nowMs < nextProbeAtMs) return { verdict: 'silent', liveness };
    return probes < patience.probes ? probed(liveness, patience, nowMs) : { verdict: 'dead', liveness };
  }
  const isSending = counters !== undefined && counters.txBytes !== txBytesAtRx;
  const boreMs = isSending ? patience.unansweredMs : patience.idleMs;
  return nowMs - rxGrewAtMs >= boreMs ? probed(liveness, patience, nowMs) : { verdict: 'silent', liveness };
}

/** A probe is sent now, silence or not. */
export function probed(liveness: Liveness, { probeIntervalMs }: Patience, nowMs: number): Watched {
  const probes = liveness.probes + 1;
  return { verdict: 'probe', liveness: { ...liveness, probes, nextProbeAtMs: nowMs + probeIntervalMs } };
}
