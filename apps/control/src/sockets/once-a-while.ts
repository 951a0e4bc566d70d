/** Lets one through for each key and interval, so that what somebody repeats without end is said only now and then. Pure. */
export class OnceAWhile {
  private saidAtMs = new Map<string, number>();

  /** @param mostKeys at one time; while there are so many, others are not let through */
  constructor(
    private readonly intervalMs: number,
    private readonly mostKeys: number,
  ) {}

  /** Whether it is time to say something about this key. */
  isDue(key: string, nowMs: number): boolean {
    const saidAtMs = this.saidAtMs.get(key);
    if (saidAtMs !== undefined && nowMs - saidAtMs < this.intervalMs) return false;
    if (saidAtMs === undefined && this.saidAtMs.size >= this.mostKeys && !this.makeRoom(nowMs)) return false;
    // At the end of the map, which is in the order of time.
    this.saidAtMs.delete(key);
    this.saidAtMs.set(key, nowMs);
    return true;
  }

  /** @returns whether the oldest one could be forgotten */
  private makeRoom(nowMs: number): boolean {
    for (const [key, atMs] of this.saidAtMs) {
      if (nowMs - atMs < this.intervalMs) return false;
      this.saidAtMs.delete(key);
      return true;
    }
    return false;
  }
}
