import { TokenBucket, type Rate } from '#shared/token-bucket';

const SWEPT_AT_LEAST = 1000;

/** A token bucket for each key; those that are full again are forgotten. Pure. */
export class BudgetOfEach<Key> {
  private readonly buckets = new Map<Key, TokenBucket>();
  private sweepAt = SWEPT_AT_LEAST;

  constructor(private readonly rate: Rate) {}

  get size(): number {
    return this.buckets.size;
  }

  /** Whether there was one left. */
  take(key: Key, nowMs: number): boolean {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      this.sweep(nowMs);
      bucket = new TokenBucket(this.rate, nowMs);
      this.buckets.set(key, bucket);
    }
    return bucket.take(1, nowMs);
  }

  /** Each time when there are twice as many as were left by the last time. */
  private sweep(nowMs: number): void {
    if (this.buckets.size < this.sweepAt) return;
    for (const [key, bucket] of this.buckets) if (bucket.isFull(nowMs)) this.buckets.delete(key);
    this.sweepAt = Math.max(SWEPT_AT_LEAST, 2 * this.buckets.size);
  }
}
