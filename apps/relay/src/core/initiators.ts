/**
 * The addresses that recently initiated in each player's name. All that an initiation proves is knowledge of two
 * public keys, which every member of the party has, so an address in here is a candidate and no more. What keeps
 * forgers from crowding the player out:
 *
 * - One address per source, the newest, and a rate per source: a forger on one machine has one place, whatever
 *   ports it uses, while a player who restarts on another port replaces the old one.
 * - All strangers together, in the name of one player, have a rate so low that a player who retries as WireGuard does
 *   cannot be displaced between two retries. Addresses in the pair's confirmed sessions have another rate, which no
 *   stranger can exhaust.
 * - Each initiator has tried some of the other player's possible addresses; its next attempt goes to one that it
 *   has not tried. So a real player gets past every forged address after as many retries. So that ever new ones cannot come
 *   first, every third attempt goes to an address that has waited long: in turns the oldest that was not tried, and the one
 *   whose last try is longest ago.
 */
import { TokenBucket } from '#shared/token-bucket';
import { type RelayLimits, sourceOf } from './limits';
import type { PerSide, Side } from './session';
import { isSameAddress, type PlayerAddress } from './verdict';

export interface Initiator {
  readonly from: Side;
  /** See {@link sourceOf}. */
  readonly source: string;
  readonly address: PlayerAddress;
  /** Missing while it is full. */
  bucket: TokenBucket | undefined;
  seenAtMs: number;
  /** How many of its initiations led to no confirmed session, since all destinations were tried. */
  attempts: number;
  /** Their destinations that are still possible, the longest ago first. */
  tried: readonly PlayerAddress[];
}

/** One for each player; missing while they are full, as those of most pairs are most of the time. */
type Buckets = PerSide<TokenBucket | undefined>;

/** How many are kept for one player: more than the strangers' burst and rate let in between two of WireGuard's retries. */
const maxInitiators = 48;
const nobody: readonly Initiator[] = [];
const nowhere: readonly PlayerAddress[] = [];
const full: Buckets = [undefined, undefined];

/** The initiators of a pair. */
export class Initiators {
  readonly #limits: RelayLimits;
  #known = full;
  #strangers = full;
  /** One for each player and source, in the order of their first initiation from that address. */
  #all = nobody;

  constructor(limits: RelayLimits) {
    this.#limits = limits;
  }

  /**
   * Takes note of an initiation in this player's name; undefined when there are too many of its kind. `isKnown`: a
   * confirmed session has the player at this address.
   */
  admit(from: Side, source: PlayerAddress, isKnown: boolean, nowMs: number): Initiator | undefined {
    const key = sourceOf(source.address);
    const former = this.#of(from).find((initiator) => initiator.source === key);
    const bucket = former?.bucket ?? new TokenBucket(this.#limits.initiationsPerStranger, nowMs);
    if (!(isKnown ? this.#takeKnown(from, nowMs) : bucket.take(1, nowMs) && this.#takeStrange(from, nowMs)))
      return undefined;
    if (former && isSameAddress(former.address, source)) {
      former.bucket = bucket;
      former.seenAtMs = nowMs;
      return former;
    }
    const address = { address: source.address, port: source.port, asked: source.asked };
    const initiator = { from, source: key, address, bucket, seenAtMs: nowMs, attempts: 0, tried: nowhere };
    const left = former ?? this.#longestSilentOfTooMany(from);
    // Unlike an array that is pushed to, one by concat has no room to spare.
    this.#all = this.#all.filter((one) => one !== left).concat(initiator);
    return initiator;
  }

  /** An attempt from this address led to a confirmed session: the next one begins with the best guess again. */
  settle(from: Side, address: PlayerAddress): void {
    for (const initiator of this.#of(from))
      if (isSameAddress(initiator.address, address)) beginAnew(initiator);
  }

  /** Where this player may be. */
  addressesNewestFirst(from: Side): PlayerAddress[] {
    return this.#of(from)
      .map(({ address }) => address)
      .reverse();
  }

  forgetAddresses(isRefused: (address: PlayerAddress) => boolean): void {
    this.#all = this.#all.filter(({ address }) => !isRefused(address));
  }

  /** Forgets who was last seen before the given time, and what there is no need to know. */
  expire(beforeMs: number, nowMs: number): void {
    const remaining = this.#all.filter(({ seenAtMs }) => seenAtMs >= beforeMs);
    if (remaining.length < this.#all.length) this.#all = remaining.length === 0 ? nobody : remaining;
    for (const initiator of this.#all) initiator.bucket = unlessFull(initiator.bucket, nowMs);
    this.#known = unlessAllFull(this.#known, nowMs);
    this.#strangers = unlessAllFull(this.#strangers, nowMs);
  }

  get size(): { initiators: number; tried: number } {
    return {
      initiators: this.#all.length,
      tried: this.#all.reduce((sum, { tried }) => sum + tried.length, 0),
    };
  }

  #of(from: Side): Initiator[] {
    return this.#all.filter((initiator) => initiator.from === from);
  }

  #takeKnown(from: Side, nowMs: number): boolean {
    const bucket = this.#known[from] ?? new TokenBucket(this.#limits.knownInitiations, nowMs);
    this.#known = withBucket(this.#known, from, bucket);
    return bucket.take(1, nowMs);
  }

  #takeStrange(from: Side, nowMs: number): boolean {
    const bucket = this.#strangers[from] ?? new TokenBucket(this.#limits.strangeInitiations, nowMs);
    this.#strangers = withBucket(this.#strangers, from, bucket);
    return bucket.take(1, nowMs);
  }

  #longestSilentOfTooMany(from: Side): Initiator | undefined {
    const all = this.#of(from);
    if (all.length < maxInitiators) return undefined;
    return all.reduce((silent, one) => (one.seenAtMs < silent.seenAtMs ? one : silent));
  }
}

function withBucket(buckets: Buckets, of: Side, bucket: TokenBucket): Buckets {
  return of === 0 ? [bucket, buckets[1]] : [buckets[0], bucket];
}

function unlessAllFull(buckets: Buckets, nowMs: number): Buckets {
  if (buckets === full) return full;
  const [one, other] = [unlessFull(buckets[0], nowMs), unlessFull(buckets[1], nowMs)];
  return one || other ? [one, other] : full;
}

function unlessFull(bucket: TokenBucket | undefined, nowMs: number): TokenBucket | undefined {
  return bucket?.isFull(nowMs) ? undefined : bucket;
}

function beginAnew(initiator: Initiator): void {
  initiator.attempts = 0;
  initiator.tried = nowhere;
}

/** Which of the possible destinations, best guess first, an initiator's next attempt goes to. */
export function nextDestination(
  initiator: Initiator,
  destinations: readonly PlayerAddress[],
): PlayerAddress | undefined {
  const isIn = (all: readonly PlayerAddress[]) => (address: PlayerAddress) =>
    all.some((one) => isSameAddress(one, address));
  if (destinations.every(isIn(initiator.tried))) beginAnew(initiator);
  const tried = initiator.tried.filter(isIn(destinations));
  const untried = destinations.filter((address) => !isIn(tried)(address));
  const [best, longestWaiting, longestAgo] = [untried[0], untried.at(-1), tried[0]];
  const inTurn = [best, best, longestWaiting, best, best, longestAgo ?? longestWaiting];
  const destination = inTurn[initiator.attempts++ % inTurn.length];
  if (destination) initiator.tried = [...tried.filter((address) => address !== destination), destination];
  return destination;
}
