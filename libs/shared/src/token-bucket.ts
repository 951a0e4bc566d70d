/** So much per second on average, and up to `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Holds tokens up to a burst, and gains them at an average rate; time is an argument, in milliseconds of one clock. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /**
   * Whether there were enough tokens; they are gone then.
   * @param reserve so many have to be left, for others
   */
  take(amount: number, nowMs: number, reserve = 0): boolean {
    this.#fill(nowMs);
    if (this.#tokens - amount < reserve) return false;
    this.#tokens -= amount;
    return true;
  }

  /** Puts back tokens that were taken but not needed. */
  giveBack(amount: number): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + amount);
  }

  /**
   * Takes note of what has passed since the last time. What was spread over that time may have used tokens as they came, so
   * that the bucket was never full.
   *
   * @returns how long what was too much would have taken at the average rate, in milliseconds; 0: there were enough tokens
   */
  spend(amount: number, nowMs: number): number {
    const left = this.#tokens + this.#newTokens(nowMs) - amount;
    this.#tokens = Math.min(this.#rate.burst, Math.max(0, left));
    return (Math.max(0, -left) / this.#rate.perSecond) * 1000;
  }

  /** How long until there are so many tokens, in milliseconds; Infinity for more than the bucket ever holds. */
  waitMs(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    if (amount > this.#rate.burst) return Infinity;
    return (Math.max(0, amount - this.#tokens) / this.#rate.perSecond) * 1000;
  }

  isEmpty(nowMs: number): boolean {
    return !this.has(1, nowMs);
  }

  has(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= amount;
  }

  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens === this.#rate.burst;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + this.#newTokens(nowMs));
  }

  #newTokens(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs += elapsedMs;
    return (elapsedMs / 1000) * this.#rate.perSecond;
  }
}
