/** How much the STUN service answers, on given time. */
import { TokenBucket, type Rate } from '#shared/token-bucket';
import { SourceBuckets } from '../core/limits';

export interface StunRates {
  /** Datagrams from one IPv4 address, or one /64 of IPv6. */
  readonly perSource: Rate;
  /** Datagrams from all sources together, on all endpoints of the service. */
  readonly perService: Rate;
  /** Sources whose rates are remembered; the longest silent one is forgotten first. */
  readonly maxSources: number;
}

/**
 * An agent asks a few dozen times when it starts; a house full of them shares an address.
 *
 * An attacker who forges sources is new to the service with each of them, and is held back by the rate of the service alone. It
 * has room for 10,000 agents: their three probes a minute are 500 requests a second, a tenth of the rate, and the burst
 * lets all of them probe in the same moment. Answers to the shortest requests come to 5 Mbit/s then (IPv6: 7), headers
 * included.
 */
export const defaultStunRates: StunRates = {
  perSource: { perSecond: 50, burst: 200 },
  perService: { perSecond: 5000, burst: 30_000 },
  maxSources: 8192,
};

/** Whose rate was used up. */
export type StunLimit = 'source' | 'service';

export class StunLimits {
  readonly #sources: SourceBuckets;
  readonly #service: TokenBucket;

  constructor({ perSource, perService, maxSources }: StunRates, nowMs: number) {
    this.#sources = new SourceBuckets(perSource, maxSources);
    this.#service = new TokenBucket(perService, nowMs);
  }

  /** What forbids to answer this IP address, if anything. One source alone cannot use up what all have together. */
  exceededBy(address: string, nowMs: number): StunLimit | undefined {
    if (!this.#sources.take(address, nowMs)) return 'source';
    return this.#service.take(1, nowMs) ? undefined : 'service';
  }
}
