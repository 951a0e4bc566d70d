import type { PeerId } from '#shared/party/identity';
import type { VirtualIp } from '#shared/party/virtual-ip';

/** Somebody to measure the way to. */
export interface LatencyTarget {
  readonly id: PeerId;
  readonly virtualIp: VirtualIp;
}

/** What is known of the way to somebody. */
interface Known {
  /** The last round trip; null before the first. */
  readonly last: { readonly latencyMs: number; readonly measuredAtMs: number } | null;
  /** Whether the latest try was answered. */
  readonly isAnswering: boolean;
}

/** A measurement that is under way. */
interface Running {
  readonly done: Promise<void>;
  /** Those who ask wait for it until then. */
  readonly dueAtMs: number;
}

const BACKGROUND_INTERVAL_MS = 30_000;
/** How long somebody of whom nothing is known is waited for. */
const LONGEST_WAIT_MS = 400;
/** What was measured just now is not measured again: programs may ask as often as they like. */
const FRESH_MS = 100;

/** The last known round trips through the tunnel: measured now and then, and on demand. */
export class Latencies {
  private readonly known = new Map<PeerId, Known>();
  private readonly running = new Map<PeerId, Running>();
  private timer: NodeJS.Timeout | undefined;

  /** @param measure milliseconds to a virtual IP; null without an answer */
  constructor(private readonly measure: (virtualIp: VirtualIp) => Promise<number | null>) {}

  /** Measures every 30 s until stopped. */
  start(targets: () => readonly LatencyTarget[]): void {
    this.timer = setInterval(() => void this.refresh(targets()), BACKGROUND_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.known.clear();
  }

  /**
   * Measures all at once, joining measurements that are under way. Resolves when all answered who can be expected to: who
   * answered last time has twice that time and 50 ms, who did not is not waited for, and nobody longer than 0.4 s. An answer
   * that comes later counts all the same.
   */
  async refresh(targets: readonly LatencyTarget[]): Promise<void> {
    const nowMs = Date.now();
    await Promise.all(
      targets.map((target) => {
        const running = this.running.get(target.id) ?? this.begin(target, nowMs);
        return running ? within(running.dueAtMs - nowMs, running.done) : Promise.resolve();
      }),
    );
  }

  /** Unknown is null, never a number. */
  of(id: PeerId, nowMs: number): { latencyMs: number | null; latencyAgeMs: number | null } {
    const last = this.known.get(id)?.last;
    if (!last) return { latencyMs: null, latencyAgeMs: null };
    return { latencyMs: last.latencyMs, latencyAgeMs: nowMs - last.measuredAtMs };
  }

  private begin({ id, virtualIp }: LatencyTarget, nowMs: number): Running | undefined {
    const known = this.known.get(id);
    if (known?.last && nowMs - known.last.measuredAtMs < FRESH_MS) return undefined;
    const running = { done: this.measureOne(id, virtualIp), dueAtMs: nowMs + patienceWith(known) };
    this.running.set(id, running);
    return running;
  }

  private async measureOne(id: PeerId, virtualIp: VirtualIp): Promise<void> {
    try {
      const latencyMs = await this.measure(virtualIp);
      const last =
        latencyMs === null ? (this.known.get(id)?.last ?? null) : { latencyMs, measuredAtMs: Date.now() };
      this.known.set(id, { last, isAnswering: latencyMs !== null });
    } finally {
      this.running.delete(id);
    }
  }
}

/** @param known undefined for somebody who was never measured */
function patienceWith(known: Known | undefined): number {
  if (!known) return LONGEST_WAIT_MS;
  if (!known.isAnswering || !known.last) return 0;
  return Math.min(2 * known.last.latencyMs + 50, LONGEST_WAIT_MS);
}

/** Resolves with the work or when the time is over. */
function within(timeMs: number, work: Promise<void>): Promise<void> {
  if (timeMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, timeMs);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
