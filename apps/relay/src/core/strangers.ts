/**
 * What the initiations of strangers may cost. An initiation names nobody, so that a port tries one pair after the other, and
 * garbage costs as many tries as there are pairs. Who pays for that:
 *
 * - *The source.* It has an allowance of failed tries, on all ports together. A newcomer finds its pair, and pays nothing.
 * - *The port and the relay.* Each has a ceiling of tries for all pairs together, so that no number of sources, forged ones
 *   included, costs more processor time than that.
 * - *Who has failed comes last.* Sources that failed within the last minute, and those of networks that do it often, leave
 *   half of both ceilings to all others. So machines that send garbage under their own addresses cannot keep newcomers out,
 *   however many they are: each of them counts as a newcomer once a minute. Forged addresses always count as newcomers.
 *   With those alone a first contact can be delayed, in proportion to the flood.
 */
import { TokenBucket, type Rate } from '#shared/token-bucket';
import { networkOf, type RelayLimits, sourceOf } from './limits';

export type StrangersRefusal =
  'source_handshakes_limited' | 'port_handshakes_limited' | 'relay_handshakes_limited';

/** How a search for the pair of an initiation ended. */
export interface Search {
  /** Pairs that it was admitted for. */
  readonly admitted: number;
  readonly tried: number;
  /** No pair took the initiation in. */
  readonly inVain: boolean;
}

const failureRememberedMs = 60_000;
/** The share of a ceiling that is kept for those who have not failed. */
const reservedShare = 0.5;

export class Strangers {
  readonly #ofSources: Failures;
  readonly #ofNetworks: Failures;
  readonly #perPort: Rate;
  readonly #perRelay: Rate;
  #relay: TokenBucket | undefined;

  constructor(limits: RelayLimits) {
    this.#ofSources = new Failures(limits.sourceFailures, limits.maxSources);
    this.#ofNetworks = new Failures(limits.networkFailures, limits.maxSources);
    this.#perPort = limits.strangersPerPort;
    this.#perRelay = limits.strangersPerRelay;
  }

  /** The ceiling of a port. */
  newPort(nowMs: number): TokenBucket {
    return new TokenBucket(this.#perPort, nowMs);
  }

  /** Takes the tries that a search may need; to be followed by {@link settle} unless it is refused. */
  admit(address: string, tries: number, port: TokenBucket, nowMs: number): StrangersRefusal | undefined {
    const source = sourceOf(address);
    if (!this.#ofSources.canAfford(source, tries, nowMs)) return 'source_handshakes_limited';
    const isLast =
      nowMs - this.#ofSources.lastAtMs(source) < failureRememberedMs ||
      !this.#ofNetworks.canAfford(networkOf(address), tries, nowMs);
    const reserve = ({ burst }: Rate) => (isLast ? burst * reservedShare : 0);
    if (!port.take(tries, nowMs, reserve(this.#perPort))) return 'port_handshakes_limited';
    this.#relay ??= new TokenBucket(this.#perRelay, nowMs);
    if (this.#relay.take(tries, nowMs, reserve(this.#perRelay))) return undefined;
    port.giveBack(tries);
    return 'relay_handshakes_limited';
  }

  settle(address: string, { admitted, tried, inVain }: Search, port: TokenBucket, nowMs: number): void {
    port.giveBack(admitted - tried);
    this.#relay?.giveBack(admitted - tried);
    if (!inVain) return;
    this.#ofSources.note(sourceOf(address), tried, nowMs);
    this.#ofNetworks.note(networkOf(address), tried, nowMs);
  }

  /** How many sources and networks are remembered. */
  get size(): number {
    return this.#ofSources.size + this.#ofNetworks.size;
  }

  /** How many sources had to make room for others. */
  get forgotten(): number {
    return this.#ofSources.forgotten;
  }
}

interface Failure {
  readonly allowance: TokenBucket;
  lastAtMs: number;
}

/** Who has failed, the longest ago first. */
class Failures {
  readonly #rate: Rate;
  readonly #most: number;
  readonly #all = new Map<string, Failure>();
  forgotten = 0;

  constructor(rate: Rate, most: number) {
    this.#rate = rate;
    this.#most = most;
  }

  get size(): number {
    return this.#all.size;
  }

  canAfford(who: string, tries: number, nowMs: number): boolean {
    return this.#all.get(who)?.allowance.has(tries, nowMs) ?? true;
  }

  lastAtMs(who: string): number {
    return this.#all.get(who)?.lastAtMs ?? -Infinity;
  }

  note(who: string, tries: number, nowMs: number): void {
    const failure = this.#all.get(who) ?? { allowance: new TokenBucket(this.#rate, nowMs), lastAtMs: nowMs };
    failure.allowance.spend(tries, nowMs);
    failure.lastAtMs = nowMs;
    this.#all.delete(who);
    this.#all.set(who, failure);
    const [longestAgo] = this.#all.size > this.#most ? this.#all.keys() : [];
    if (longestAgo === undefined) return;
    this.#all.delete(longestAgo);
    this.forgotten++;
  }
}
