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
  /** See {@link sourceOf}. */
  readonly source: string;
  readonly address: SocketAddress;
  /** Missing while it is full. */
  bucket: TokenBucket | undefined;
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
  /** Missing while they are full, as those of most pairs are most of the time. */
  #known: TokenBucket | undefined;
  #strangers: TokenBucket | undefined;
  /** One for each source, in the order of their first initiation from that address. */
  #all: readonly Initiator[] = [];

  constructor(limits: RelayLimits) {
    this.#limits = limits;
  }

  /**
   * Takes note of an initiation; undefined when there are too many of its kind. `isKnown`: a confirmed session
   * has the player at this address.
   */
  admit(source: SocketAddress, isKnown: boolean, nowMs: number): Initiator | undefined {
    const key = sourceOf(source.address);
    const former = this.#all.find((initiator) => initiator.source === key);
    const bucket = former?.bucket ?? new TokenBucket(this.#limits.initiationsPerStranger, nowMs);
    if (!(isKnown ? this.#takeKnown(nowMs) : bucket.take(1, nowMs) && this.#takeStrange(nowMs)))
      return undefined;
    if (former && isSameAddress(former.address, source)) {
      former.bucket = bucket;
      former.seenAtMs = nowMs;
      return former;
    }
    const address = { address: source.address, port: source.port };
    const initiator: Initiator = { source: key, address, bucket, seenAtMs: nowMs, attempts: 0, tried: [] };
    const others = this.#all.filter((one) => one !== former);
    // Unlike an array that is pushed to, one by concat has no room to spare.
    this.#all = (others.length === maxInitiators ? withoutLongestSilent(others) : others).concat(initiator);
    return initiator;
  }

  /** An attempt from this address led to a confirmed session: the next one begins with the best guess again. */
  settle(address: SocketAddress): void {
    for (const initiator of this.#all) {
      if (isSameAddress(initiator.address, address)) Object.assign(initiator, { attempts: 0, tried: [] });
    }
  }

  addressesNewestFirst(): SocketAddress[] {
    return this.#all.map(({ address }) => address).reverse();
  }

  /** Forgets who was last seen before the given time, and what there is no need to know. */
  expire(beforeMs: number, nowMs: number): void {
    if (this.#all.some(({ seenAtMs }) => seenAtMs < beforeMs))
      this.#all = this.#all.filter(({ seenAtMs }) => seenAtMs >= beforeMs);
    for (const initiator of this.#all) initiator.bucket = unlessFull(initiator.bucket, nowMs);
    this.#known = unlessFull(this.#known, nowMs);
    this.#strangers = unlessFull(this.#strangers, nowMs);
  }

  get size(): { initiators: number; tried: number } {
    return {
      initiators: this.#all.length,
      tried: this.#all.reduce((sum, { tried }) => sum + tried.length, 0),
    };
  }

  #takeKnown(nowMs: number): boolean {
    this.#known ??= new TokenBucket(this.#limits.knownInitiations, nowMs);
    return this.#known.take(1, nowMs);
  }

  #takeStrange(nowMs: number): boolean {
    this.#strangers ??= new TokenBucket(this.#limits.strangeInitiations, nowMs);
    return this.#strangers.take(1, nowMs);
  }
}

function unlessFull(bucket: TokenBucket | undefined, nowMs: number): TokenBucket | undefined {
  return bucket?.isFull(nowMs) ? undefined : bucket;
}

function withoutLongestSilent(initiators: readonly Initiator[]): Initiator[] {
  const leastMs = Math.min(...initiators.map(({ seenAtMs }) => seenAtMs));
  const longestSilent = initiators.find(({ seenAtMs }) => seenAtMs === leastMs);
  return initiators.filter((one) => one !== longestSilent);
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
