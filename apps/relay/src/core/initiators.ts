/**
 * The addresses that recently initiated in one player's name. All that an initiation proves is knowledge of two
 * public keys, which every member of the party has, so an address in here is a candidate and no more. What keeps
 * forgers from crowding the player out:
 *
 * - One address per source, the newest, and a rate per source: a forger on one machine has one place, whatever
 *   ports it uses, while a player who restarts on another port replaces the old one.
 * - Addresses that the pair's confirmed sessions use have a rate of their own, which no stranger can exhaust.
 * - Initiators count their attempts, each its own. The pair sends the next attempt of an initiator to the next
 *   address that the other player may have, so a real player passes every forged address after some retries.
 */
import type { SocketAddress } from '#shared/endpoint';
import { type RelayLimits, sourceOf, TokenBucket } from './limits';
import { isSameAddress } from './verdict';

interface Initiator {
  readonly address: SocketAddress;
  readonly bucket: TokenBucket;
  readonly seenAtMs: number;
  /** How many initiations before this one went without a confirmed session. */
  readonly attempt: number;
}

const maxInitiators = 8;
/** WireGuard gives up a key exchange after 90 s, 5 s apart; a longer silence begins a new count. */
const retryWithinMs = 30_000;

export class Initiators {
  readonly #limits: RelayLimits;
  readonly #known: TokenBucket;
  readonly #strangers: TokenBucket;
  /** By source, in the order of their last initiation. */
  readonly #bySource = new Map<string, Initiator>();

  constructor(limits: RelayLimits, nowMs: number) {
    this.#limits = limits;
    this.#known = new TokenBucket(limits.knownInitiations, nowMs);
    this.#strangers = new TokenBucket(limits.strangeInitiations, nowMs);
  }

  /**
   * Takes note of an initiation, unless there are too many of its kind; says how many attempts from this very
   * address came to nothing before. `isKnown`: a confirmed session has the player at this address.
   */
  admit(source: SocketAddress, isKnown: boolean, nowMs: number): number | undefined {
    const key = sourceOf(source.address);
    const former = this.#bySource.get(key);
    const bucket = former?.bucket ?? new TokenBucket(this.#limits.initiationsPerStranger, nowMs);
    const isAdmitted = isKnown
      ? this.#known.take(1, nowMs)
      : bucket.take(1, nowMs) && this.#strangers.take(1, nowMs);
    if (!isAdmitted) return undefined;
    const attempt = former && isRetry(former, source, nowMs) ? former.attempt + 1 : 0;
    const address = { address: source.address, port: source.port };
    this.#bySource.delete(key);
    this.#bySource.set(key, { address, bucket, seenAtMs: nowMs, attempt });
    if (this.#bySource.size > maxInitiators) this.#forgetOldest();
    return attempt;
  }

  /** An attempt from this address led to a confirmed session: the next one starts counting anew. */
  settle({ address }: SocketAddress): void {
    const key = sourceOf(address);
    const initiator = this.#bySource.get(key);
    if (initiator) this.#bySource.set(key, { ...initiator, attempt: -1 });
  }

  addressesNewestFirst(): SocketAddress[] {
    return Array.from(this.#bySource.values(), ({ address }) => address).reverse();
  }

  /** Forgets who was last seen before the given time. */
  expire(beforeMs: number): void {
    for (const [key, { seenAtMs }] of this.#bySource) {
      if (seenAtMs < beforeMs) this.#bySource.delete(key);
    }
  }

  #forgetOldest(): void {
    for (const key of this.#bySource.keys()) {
      this.#bySource.delete(key);
      return;
    }
  }
}

function isRetry(former: Initiator, source: SocketAddress, nowMs: number): boolean {
  return isSameAddress(former.address, source) && nowMs - former.seenAtMs < retryWithinMs;
}
