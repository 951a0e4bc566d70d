/**
 * Token buckets on given time. Limits protect, in this order: running games from newcomers, one source from
 * another, the relay's processor, its bandwidth.
 */
import { parseIpAddress } from '#shared/ip-address';

/** So much per second on average, and up to `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface RelayLimits {
  /** Traffic of one pair, both directions together. */
  readonly pairPackets: Rate;
  readonly pairBytes: Rate;
  /** Initiations of one pair: those from addresses that its sessions use, and all the others together. */
  readonly knownInitiations: Rate;
  readonly strangeInitiations: Rate;
  /** Initiations of one pair from one strange IP address. */
  readonly initiationsPerStranger: Rate;
  /** Initiations from one IP address to the whole relay. */
  readonly sourceInitiations: Rate;
  /** Datagrams with an unknown index from one IP address to the whole relay. */
  readonly sourceMisses: Rate;
  /** Pairs that are tried for the initiations of strangers, 5 µs each: of one port, and of the whole relay. */
  readonly strangersPerPort: Rate;
  readonly strangersPerRelay: Rate;
  /** Pairs that are open at once. */
  readonly maxPairs: number;
  /** IP addresses whose rates are remembered; the longest silent one is forgotten first. */
  readonly maxSources: number;
}

/**
 * WireGuard initiates every 5 s at most while unanswered, a little more often when its user reconfigures it, and
 * treats a sender as a flood above 20 initiations per second. A party of 32 behind one NAT starts 31 × 32 pairs. What
 * strangers can have tried at once takes 5 ms on one port and 15 ms on all, for which everybody else waits.
 */
export const defaultLimits: RelayLimits = {
  pairPackets: { perSecond: 20_000, burst: 10_000 },
  pairBytes: { perSecond: 12_500_000, burst: 6_250_000 },
  knownInitiations: { perSecond: 1, burst: 8 },
  strangeInitiations: { perSecond: 4, burst: 16 },
  initiationsPerStranger: { perSecond: 0.4, burst: 4 },
  sourceInitiations: { perSecond: 100, burst: 1000 },
  sourceMisses: { perSecond: 20, burst: 2000 },
  strangersPerPort: { perSecond: 2000, burst: 1000 },
  strangersPerRelay: { perSecond: 30_000, burst: 3000 },
  maxPairs: 20_000,
  maxSources: 8192,
};

export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether there were enough tokens; they are gone then. */
  take(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
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

  isEmpty(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens < 1;
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

/** A bucket per source for as many sources as fit. */
export class SourceBuckets {
  readonly #rate: Rate;
  readonly #maxSources: number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, TokenBucket>();
  #forgotten = 0;

  constructor(rate: Rate, maxSources: number) {
    this.#rate = rate;
    this.#maxSources = maxSources;
  }

  /** Whether the source of this IP address had a token left. */
  take(address: string, nowMs: number): boolean {
    const source = sourceOf(address);
    const bucket = this.#buckets.get(source) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.delete(source);
    this.#buckets.set(source, bucket);
    if (this.#buckets.size > this.#maxSources) this.#forgetLongestSilent();
    return bucket.take(1, nowMs);
  }

  isExhausted(address: string, nowMs: number): boolean {
    return this.#buckets.get(sourceOf(address))?.isEmpty(nowMs) ?? false;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** How many sources had to make room for others. */
  get forgotten(): number {
    return this.#forgotten;
  }

  #forgetLongestSilent(): void {
    this.#forgotten++;
    for (const source of this.#buckets.keys()) {
      this.#buckets.delete(source);
      return;
    }
  }
}

/** What all ports of a relay have in common: the sources of datagrams, and what strangers may cost. */
export class SourceLimits {
  readonly initiations: SourceBuckets;
  readonly misses: SourceBuckets;
  readonly strangersPerPort: Rate;
  readonly #strangersPerRelay: Rate;
  #strangers: TokenBucket | undefined;

  constructor(limits: RelayLimits) {
    this.strangersPerPort = limits.strangersPerPort;
    this.#strangersPerRelay = limits.strangersPerRelay;
    this.initiations = new SourceBuckets(limits.sourceInitiations, limits.maxSources);
    this.misses = new SourceBuckets(limits.sourceMisses, limits.maxSources);
  }

  /** Whether the relay has time to try another pair for a stranger's initiation. */
  takeStranger(nowMs: number): boolean {
    this.#strangers ??= new TokenBucket(this.#strangersPerRelay, nowMs);
    return this.#strangers.take(1, nowMs);
  }
}

/** Who counts as one source: an IPv4 address, or a /64 of IPv6, all of which one subscriber has for free. */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  return Buffer.from(parseIpAddress(address)?.subarray(0, 8) ?? []).toString('hex');
}
