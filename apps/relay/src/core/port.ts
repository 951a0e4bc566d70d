/**
 * One UDP port of the relay: which of its pairs is meant by a datagram. Pairs that share a port must have no
 * player in common, for public keys and indices are all that tells them apart.
 */
import type { SocketAddress } from '#shared/endpoint';
import { messageType, type MessageType } from '#shared/wireguard/message';
import type { SourceLimits } from './limits';
import type { Pair, Released } from './pair';
import { type DropReason, dropReasons, isDestination, type Verdict } from './verdict';

/** What has passed since the port was opened. */
export interface PortStats {
  forwardedPackets: number;
  forwardedBytes: number;
  /** Answered initiations. */
  handshakes: number;
  readonly drops: Record<DropReason, number>;
}

export class Port {
  readonly stats = emptyStats();
  readonly #pairs: readonly Pair[];
  readonly #sources: SourceLimits;

  constructor(pairs: readonly Pair[], sources: SourceLimits) {
    this.#pairs = pairs;
    this.#sources = sources;
  }

  /** What to do with a datagram, which is not kept. `nowMs` must not go backwards. */
  receive(datagram: Buffer, source: SocketAddress, nowMs: number): Verdict {
    // RFC 768: a sender without a port, to which nothing could ever be sent, expects no answer.
    const type = source.port === 0 ? undefined : messageType(datagram);
    const verdict = type === undefined ? 'malformed' : this.#judge(type, datagram, source, nowMs);
    if (type === 'response' && isDestination(verdict)) this.stats.handshakes++;
    this.#count(verdict, datagram.length);
    return verdict;
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

  #judge(type: MessageType, datagram: Buffer, source: SocketAddress, nowMs: number): Verdict {
    if (type === 'initiation' && !this.#mayInitiate(source, nowMs)) return 'source_limited';
    const notMine = type === 'initiation' ? 'wrong_mac1' : 'unknown_index';
    for (const pair of this.#pairs) {
      const verdict = pair[type](datagram, source, nowMs);
      if (verdict !== notMine) return verdict;
    }
    if (type === 'initiation' || this.#sources.misses.take(source.address, nowMs)) return notMine;
    return 'source_limited';
  }

  /** Players in their sessions are not held to the rate of their address, which others may share. */
  #mayInitiate(source: SocketAddress, nowMs: number): boolean {
    return (
      this.#pairs.some((pair) => pair.isKnown(source)) ||
      this.#sources.initiations.take(source.address, nowMs)
    );
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
