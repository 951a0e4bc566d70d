/**
 * Token buckets on given time. Limits protect, in this order: running games from newcomers, one source from
 * another, the relay's processor, its bandwidth.
 */
import { parseIpAddress } from '#shared/ip-address';
import { TokenBucket, type Rate } from '#shared/token-bucket';

export interface RelayLimits {
  /** Traffic of one pair, both directions together. */
  readonly pairPackets: Rate;
  readonly pairBytes: Rate;
  /** Data for an end of a session that does not answer, or has not yet. */
  readonly unprovenRecipient: Rate;
  /** Initiations of one pair: those from addresses that its sessions use, and all the others together. */
  readonly knownInitiations: Rate;
  readonly strangeInitiations: Rate;
  /** Initiations of one pair from one strange IP address. */
  readonly initiationsPerStranger: Rate;
  /** Initiations from one IP address to the whole relay. */
  readonly sourceInitiations: Rate;
  /** Datagrams with an unknown index from one IP address to the whole relay. */
  readonly sourceMisses: Rate;
  /** Pairs that are tried in vain for initiations from one IP address, on all ports. */
  readonly sourceFailures: Rate;
  /** Pairs that are tried in vain for one network: more make its addresses wait behind others, and are no reason to refuse them. */
  readonly networkFailures: Rate;
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
 * strangers can have tried at once takes 5 ms on one port and 15 ms on all, for which everybody else waits. A player
 * initiates in vain for a pair that is closed, until its agent hears of it: 20 such players have a full port tried four
 * times a second.
 */
export const defaultLimits: RelayLimits = {
  pairPackets: { perSecond: 20_000, burst: 10_000 },
  pairBytes: { perSecond: 12_500_000, burst: 6_250_000 },
  unprovenRecipient: { perSecond: 1, burst: 10 },
  knownInitiations: { perSecond: 1, burst: 8 },
  strangeInitiations: { perSecond: 4, burst: 16 },
  initiationsPerStranger: { perSecond: 0.4, burst: 4 },
  sourceInitiations: { perSecond: 100, burst: 1000 },
  sourceMisses: { perSecond: 20, burst: 2000 },
  sourceFailures: { perSecond: 256, burst: 2048 },
  networkFailures: { perSecond: 512, burst: 4096 },
  strangersPerPort: { perSecond: 2000, burst: 1000 },
  strangersPerRelay: { perSecond: 30_000, burst: 3000 },
  maxPairs: 20_000,
  maxSources: 8192,
};

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

/** Who counts as one source: an IPv4 address, or a /64 of IPv6, all of which one subscriber has for free. */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  return Buffer.from(parseIpAddress(address)?.subarray(0, 8) ?? []).toString('hex');
}

/** The network of which one party may have several sources: an IPv4 /24, or a /48 of IPv6, as hosters give to one customer. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'));
  return sourceOf(address).slice(0, 12);
}
