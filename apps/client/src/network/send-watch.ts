interface Watched {
  /** Undefined until the counters were read for the first time. */
  bytes: number | undefined;
  readonly sinceMs: number;
  endsAtMs: number;
  /** The last that was seen to leave, and how long after the one before it. */
  sentAtMs: number | undefined;
  periodMs: number;
  waiting: (() => void)[];
}

const LOOK_MS = 2;
/** A game that sends less often than this loses little by being disturbed. */
const LONGEST_PERIOD_MS = 35;
/** How long the pause has to last for those who wait for one. */
const PAUSE_MS = 8;
/** After it was last asked for. */
const WATCH_MS = 100;

/** Finds the pauses between what leaves for a peer, from the counters of WireGuard, which it reads once for all peers. */
export class SendWatch {
  private readonly watched = new Map<string, Watched>();

  /** @param readBytes sent to each peer so far, by public key */
  constructor(private readonly readBytes: () => Promise<ReadonlyMap<string, number>>) {}

  /** Begins to look, so that a pause is found sooner. */
  watch(publicKey: string): void {
    this.renew(publicKey, performance.now());
  }

  /**
   * Resolves when 8 ms are left, or more, until the next is to be expected: mostly right after something has left; after 35 ms
   * in which nothing did in any case.
   */
  pause(publicKey: string): Promise<void> {
    const nowMs = performance.now();
    const peer = this.renew(publicKey, nowMs);
    return isPausing(peer, nowMs) ? Promise.resolve() : new Promise((end) => peer.waiting.push(end));
  }

  private renew(publicKey: string, nowMs: number): Watched {
    const isLooking = this.watched.size > 0;
    const known = this.watched.get(publicKey);
    const endsAtMs = nowMs + WATCH_MS;
    if (known) return Object.assign(known, { endsAtMs });
    const unseen = { bytes: undefined, sentAtMs: undefined, periodMs: LONGEST_PERIOD_MS };
    const peer: Watched = { ...unseen, sinceMs: nowMs, endsAtMs, waiting: [] };
    this.watched.set(publicKey, peer);
    if (!isLooking) void this.look();
    return peer;
  }

  private async look(): Promise<void> {
    // Without counters there is nothing to wait for.
    const bytes = await this.readBytes().catch(() => new Map<string, number>());
    const nowMs = performance.now();
    for (const [publicKey, peer] of this.watched) {
      const isCounted = see(peer, bytes.get(publicKey), nowMs);
      if (!isCounted || isPausing(peer, nowMs)) for (const end of peer.waiting.splice(0)) end();
      if (!isCounted || nowMs >= peer.endsAtMs) this.watched.delete(publicKey);
    }
    if (this.watched.size > 0) setTimeout(() => void this.look(), LOOK_MS);
  }
}

/** @returns whether the peer is counted at all */
function see(peer: Watched, bytes: number | undefined, nowMs: number): boolean {
  if (bytes !== undefined && peer.bytes !== undefined && bytes !== peer.bytes) {
    if (peer.sentAtMs !== undefined) peer.periodMs = Math.min(nowMs - peer.sentAtMs, LONGEST_PERIOD_MS);
    peer.sentAtMs = nowMs;
  }
  peer.bytes = bytes;
  return bytes !== undefined;
}

function isPausing({ sinceMs, sentAtMs, periodMs }: Watched, nowMs: number): boolean {
  if (sentAtMs === nowMs) return true;
  const quietMs = nowMs - (sentAtMs ?? sinceMs);
  if (quietMs >= LONGEST_PERIOD_MS) return true;
  return sentAtMs !== undefined && quietMs <= periodMs - PAUSE_MS;
}
