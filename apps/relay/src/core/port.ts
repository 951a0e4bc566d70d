/**
 * One UDP port of the relay: which of its pairs is meant by a datagram.
 *
 * Pairs that share a port have no player in common, for public keys and indices are all that tells them apart. A
 * party of n needs n − 1 ports at least; 2n − 3 are always enough while none is full (docs/protocol.md).
 *
 * Messages with a receiver index go to the pair that has the index, and no other pair can get it meanwhile. An
 * initiation names nobody; mac1 has to be tried for one pair after the other. Where the sender is in a session its own
 * pair comes first, without a limit, so a game never waits for strangers. What all others may cost, and whose turn it is
 * where that is scarce, is decided in strangers.ts.
 */
import type { TokenBucket } from '#shared/token-bucket';
import type { PublicKey } from '#shared/wireguard/key';
import { messageType, type MessageType, receiverIndex, senderIndex } from '#shared/wireguard/message';
import type { Pair, PairIdentity, Released } from './pair';
import type { SourceLimits } from './source-limits';
import { type DropReason, dropReasons, isDestination, type PlayerAddress, type Verdict } from './verdict';

/** What has passed since the port was opened. */
export interface PortStats {
  forwardedPackets: number;
  forwardedBytes: number;
  /** Answered initiations. */
  handshakes: number;
  readonly drops: Record<DropReason, number>;
}

/** With it, a stranger's initiation costs a millisecond at most, and any other datagram a few microseconds. */
export const maxPairsPerPort = 64;
/** A power of two; more than the indices that are in use on most ports. */
const placesRemembered = 256;
/** What becomes of initiations that no pair takes in. */
const inVainVerdicts: ReadonlySet<Verdict> = new Set<Verdict>([
  'wrong_mac1',
  'index_in_use',
  'pair_handshakes_limited',
]);

export class Port {
  readonly stats = emptyStats();
  /** Always a new array, which has no room to spare. */
  #pairs: readonly Pair[] = [];
  readonly #sources: SourceLimits;
  /** By the last bits of an index: the place of the pair that had it when it was last looked for. */
  readonly #remembered = new Uint8Array(placesRemembered);
  /** How many pairs are tried for strangers; missing before the first of them. */
  #ceiling: TokenBucket | undefined;
  #concerned: Pair | undefined;

  constructor(pairs: readonly Pair[], sources: SourceLimits) {
    this.#sources = sources;
    pairs.forEach((pair) => this.add(pair));
  }

  /** Whether there is room for these players, neither of whom is here already. */
  canTake({ players }: PairIdentity): boolean {
    const isHere = (player: PublicKey) => this.#pairs.some((pair) => pair.isOf(player));
    return this.#pairs.length < maxPairsPerPort && !players.some(isHere);
  }

  add(pair: Pair): void {
    this.#pairs = this.#pairs.concat(pair);
  }

  delete(pair: Pair): void {
    this.#pairs = this.#pairs.filter((one) => one !== pair);
    if (this.#concerned === pair) this.#concerned = undefined;
  }

  /** What to do with a datagram, which is not kept. `nowMs` must not go backwards. */
  receive(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    // RFC 768: a sender without a port, to which nothing could ever be sent, expects no answer.
    const type = source.port === 0 ? undefined : messageType(datagram);
    this.#concerned = undefined;
    const verdict = type === undefined ? 'malformed' : this.#receive(type, datagram, source, nowMs);
    if (type === 'response' && isDestination(verdict)) this.stats.handshakes++;
    this.#count(verdict, datagram.length);
    return verdict;
  }

  /** The pair that the last datagram was for. */
  get concerned(): Pair | undefined {
    return this.#concerned;
  }

  /** What was held back long enough. */
  release(nowMs: number): Released[] {
    const released = this.#pairs.flatMap((pair) => pair.release(nowMs));
    for (const { verdict, datagram } of released) this.#count(verdict, datagram.length);
    return released;
  }

  /** When {@link release} has something to do next; undefined while nothing is held back. */
  get nextReleaseAtMs(): number | undefined {
    const times = this.#pairs.flatMap(({ nextReleaseAtMs }) => nextReleaseAtMs ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  #receive(type: MessageType, datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    return this.#sources.relays.has(source) ? 'from_relay' : this.#judge(type, datagram, source, nowMs);
  }

  #judge(type: MessageType, datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    if (type === 'initiation') return this.#judgeInitiation(datagram, source, nowMs);
    const pair = this.#pairWith(receiverIndex(datagram, type));
    if (pair && type === 'response') {
      const owner = this.#pairWith(senderIndex(datagram));
      if (owner && owner !== pair) return 'index_in_use';
    }
    const verdict = pair ? pair[type](datagram, source, nowMs) : 'unknown_index';
    if (verdict !== 'unknown_index') this.#concerned = pair;
    else if (!this.#sources.misses.take(source.address, nowMs)) return 'source_guesses_limited';
    return verdict;
  }

  /** Players in their sessions are not held to the rate of their address, which others may share. */
  #judgeInitiation(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const own = this.#pairOf(source);
    const index = senderIndex(datagram);
    const verdict = own ? this.#offer(own, this.#pairWith(index), datagram, source, nowMs) : 'wrong_mac1';
    if (verdict !== 'wrong_mac1') return verdict;
    if (!this.#sources.initiations.take(source.address, nowMs)) return 'source_handshakes_limited';
    return this.#search(own, datagram, source, nowMs);
  }

  /** Offers a stranger's initiation to one pair after the other. */
  #search(own: Pair | undefined, datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const { strangers } = this.#sources;
    const ceiling = (this.#ceiling ??= strangers.newPort(nowMs));
    const admitted = this.#pairs.length - (own ? 1 : 0);
    const refusal = strangers.admit(source.address, admitted, ceiling, nowMs);
    if (refusal) return refusal;
    const owner = this.#pairWith(senderIndex(datagram));
    let tried = 0;
    let verdict: Verdict = 'wrong_mac1';
    for (const pair of this.#pairs) {
      if (pair === own) continue;
      tried++;
      verdict = this.#offer(pair, owner, datagram, source, nowMs);
      if (verdict !== 'wrong_mac1') break;
    }
    const inVain = inVainVerdicts.has(verdict);
    strangers.settle(source.address, { admitted, tried, inVain }, ceiling, nowMs);
    return verdict;
  }

  #pairOf(source: PlayerAddress): Pair | undefined {
    for (const pair of this.#pairs) if (pair.isKnown(source)) return pair;
    return undefined;
  }

  /** @param owner of the sender's index, if there is one already */
  #offer(
    pair: Pair,
    owner: Pair | undefined,
    datagram: Buffer,
    source: PlayerAddress,
    nowMs: number,
  ): Verdict {
    if (owner && owner !== pair) return 'index_in_use';
    const verdict = pair.initiation(datagram, source, nowMs);
    if (verdict !== 'wrong_mac1') this.#concerned = pair;
    return verdict;
  }

  #pairWith(index: number): Pair | undefined {
    const lastBits = index & (placesRemembered - 1);
    const remembered = this.#pairs[this.#remembered[lastBits] ?? 0];
    if (remembered?.hasIndex(index)) return remembered;
    const place = this.#pairs.findIndex((pair) => pair.hasIndex(index));
    if (place < 0) return undefined;
    this.#remembered[lastBits] = place;
    return this.#pairs[place];
  }

  #count(verdict: Verdict, bytes: number): void {
    if (isDestination(verdict)) {
      this.stats.forwardedPackets++;
      this.stats.forwardedBytes += bytes;
    } else if (verdict !== 'held') {
      this.stats.drops[verdict]++;
    }
  }
}

export function emptyStats(): PortStats {
  const drops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;
  return { forwardedPackets: 0, forwardedBytes: 0, handshakes: 0, drops };
}
