import type { PeerId } from '#shared/party/identity';
import type { VirtualIp } from '#shared/party/virtual-ip';

/** Somebody to measure the way to. */
export interface LatencyTarget {
  readonly id: PeerId;
  readonly virtualIp: VirtualIp;
}

interface Measurement {
  readonly latencyMs: number;
  readonly measuredAtMs: number;
}

const BACKGROUND_INTERVAL_MS = 30_000;

/** The last known round trips through the tunnel: measured now and then, and on demand. */
export class Latencies {
  private readonly measurements = new Map<PeerId, Measurement>();
  private readonly running = new Map<PeerId, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  /** @param measure milliseconds to a virtual IP; null without an answer */
  constructor(private readonly measure: (virtualIp: VirtualIp) => Promise<number | null>) {}

  /** Measures every 30 s until stopped. */
  start(targets: () => readonly LatencyTarget[]): void {
    this.timer = setInterval(() => void this.refresh(targets()), BACKGROUND_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.measurements.clear();
  }

  /** Measures all at once; resolves when all answered or failed. Joins measurements that are under way. */
  async refresh(targets: readonly LatencyTarget[]): Promise<void> {
    await Promise.all(targets.map((target) => this.refreshOne(target)));
  }

  /** Unknown is null, never a number. */
  of(id: PeerId, nowMs: number): { latencyMs: number | null; latencyAgeMs: number | null } {
    const last = this.measurements.get(id);
    if (!last) return { latencyMs: null, latencyAgeMs: null };
    return { latencyMs: last.latencyMs, latencyAgeMs: nowMs - last.measuredAtMs };
  }

  private refreshOne({ id, virtualIp }: LatencyTarget): Promise<void> {
    const running = this.running.get(id) ?? this.measureOne(id, virtualIp);
    this.running.set(id, running);
    return running;
  }

  private async measureOne(id: PeerId, virtualIp: VirtualIp): Promise<void> {
    try {
      const latencyMs = await this.measure(virtualIp);
      if (latencyMs !== null) this.measurements.set(id, { latencyMs, measuredAtMs: Date.now() });
    } finally {
      this.running.delete(id);
    }
  }
}
