/**
 * The addresses that recently initiated in one player's name. All that an initiation proves is knowledge of two
 * public keys, which every member of the party has, so an address in here is a candidate and no more. What keeps
 * forgers from crowding the player out:
 *
 * - One address per source, the newest, and a rate per source: a forger on one machine has one place, whatever
 *   ports it uses, while a player who restarts on another port replaces the old one.
 * - All strangers together have a rate so low that whoever retries as WireGuard does cannot be displaced between
 *   two retries. Addresses in the pair's confirmed sessions have another rate, which no stranger can exhaust.
 * - Each initiator has tried some of the other player's possible addresses; its next attempt goes to one that it
 *   has not tried. So a real player passes every forged address after as many retries. Lest ever new ones come first,
 *   every third attempt goes to an address that has waited long: in turns the oldest that was not tried, and the one
 *   whose last try is longest ago.
 */
import type { SocketAddress } from '#shared/endpoint';
import { type RelayLimits, sourceOf, TokenBucket } from './limits';
import { isSameAddress } from './verdict';

export interface Initiator {
  readonly address: SocketAddress;
  readonly bucket: TokenBucket;
  seenAtMs: number;
  /** How many of its initiations led to no confirmed session, since all destinations were tried. */
  attempts: number;
  /** Their destinations that are still possible, the longest ago first. */
  tried: SocketAddress[];
}

/** More than the strangers' burst and rate let in between two of WireGuard's retries. */
const maxInitiators = 48;

export class Initiators {
  readonly #limits: RelayLimits;
  readonly #known: TokenBucket;
  readonly #strangers: TokenBucket;
  /** By source, in the order of their first initiation from that address. */
  readonly #bySource = new Map<string, Initiator>();

  constructor(limits: RelayLimits, nowMs: number) {
    this.#limits = limits;
    this.#known = new TokenBucket(limits.knownInitiations, nowMs);
    this.#strangers = new TokenBucket(limits.strangeInitiations, nowMs);
  }

  /**
   * Takes note of an initiation; undefined when there are too many of its kind. `isKnown`: a confirmed session
   * has the player at this address.
   */
  admit(source: SocketAddress, isKnown: boolean, nowMs: number): Initiator | undefined {
    const key = sourceOf(source.address);
    const former = this.#bySource.get(key);
    const bucket = former?.bucket ?? new TokenBucket(this.#limits.initiationsPerStranger, nowMs);
    const isAdmitted = isKnown
      ? this.#known.take(1, nowMs)
      : bucket.take(1, nowMs) && this.#strangers.take(1, nowMs);
    if (!isAdmitted) return undefined;
    if (former && isSameAddress(former.address, source)) {
      former.seenAtMs = nowMs;
      return former;
    }
    const address = { address: source.address, port: source.port };
    const initiator = { address, bucket, seenAtMs: nowMs, attempts: 0, tried: [] };
    this.#bySource.delete(key);
    if (this.#bySource.size === maxInitiators) this.#forgetLongestSilent();
    this.#bySource.set(key, initiator);
    return initiator;
  }

  /** An attempt from this address led to a confirmed session: the next one begins with the best guess again. */
  settle(address: SocketAddress): void {
    const initiator = this.#bySource.get(sourceOf(address.address));
    if (!initiator || !isSameAddress(initiator.address, address)) return;
    initiator.attempts = 0;
    initiator.tried = [];
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

  get size(): { initiators: number; tried: number } {
    const all = [...this.#bySource.values()];
    return { initiators: all.length, tried: all.reduce((sum, { tried }) => sum + tried.length, 0) };
  }

  #forgetLongestSilent(): void {
    const [first, ...others] = this.#bySource;
    if (!first) return;
    const [key] = others.reduce((least, one) => (one[1].seenAtMs < least[1].seenAtMs ? one : least), first);
    this.#bySource.delete(key);
  }
}

/** Which of the possible destinations, best guess first, an initiator's next attempt goes to. */
export function nextDestination(
  initiator: Initiator,
  destinations: readonly SocketAddress[],
): SocketAddress | undefined {
  const isIn = (all: readonly SocketAddress[]) => (address: SocketAddress) =>
    all.some((one) => isSameAddress(one, address));
  if (destinations.every(isIn(initiator.tried))) Object.assign(initiator, { attempts: 0, tried: [] });
  const tried = initiator.tried.filter(isIn(destinations));
  const untried = destinations.filter((address) => !isIn(tried)(address));
  const [best, longestWaiting, longestAgo] = [untried[0], untried.at(-1), tried[0]];
  const inTurn = [best, best, longestWaiting, best, best, longestAgo ?? longestWaiting];
  const destination = inTurn[initiator.attempts++ % inTurn.length];
  if (destination) initiator.tried = [...tried.filter((address) => address !== destination), destination];
  return destination;
}
