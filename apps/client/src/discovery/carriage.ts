/** Which of the datagrams that were captured are carried to the other players: what was captured and the time in. Pure. */
import { TokenBucket } from '#shared/token-bucket';
import type { LanDatagram } from './packet';

/** Limit for one socket: Civilization VI asks a hundred ports at once. */
const DATAGRAMS_OF_ONE = { perSecond: 100, burst: 200 } as const;
/** Limit for all sockets together: a game that floods leaves something to the others. */
const DATAGRAMS = { perSecond: 150, burst: 300 } as const;
/** In a large party one datagram is many copies. */
const COPIES = { perSecond: 5_000, burst: 10_000 } as const;
/** A game that asks on each interface by itself says the same within milliseconds. */
const REPEAT_MS = 100;
const MOST_REMEMBERED = 1_024;
const MOST_SOCKETS = 64;

/** `repeated`: carried already, as the game sends it on several interfaces. `limited`: too many. */
export type Verdict = 'carried' | 'repeated' | 'limited';

interface Heard {
  readonly atMs: number;
  /** From and to which address. */
  readonly way: string;
}

export class Carriage {
  readonly #datagrams: TokenBucket;
  readonly #copies: TokenBucket;
  /** Buckets of single sockets, by source port; the one that was heard last is at the end. */
  readonly #ofOne = new Map<number, TokenBucket>();
  readonly #heard = new Map<string, Heard>();

  constructor(nowMs: number) {
    this.#datagrams = new TokenBucket(DATAGRAMS, nowMs);
    this.#copies = new TokenBucket(COPIES, nowMs);
  }

  /**
   * A game that says the same twice on the same way means it, as Quake III does: it is heard twice.
   * @param players who would get a copy
   */
  judge(datagram: LanDatagram, players: number, nowMs: number): Verdict {
    if (this.#isRepeated(datagram, nowMs)) return 'repeated';
    if (!this.#bucketOf(datagram.sourcePort, nowMs).take(1, nowMs)) return 'limited';
    if (!this.#datagrams.take(1, nowMs)) return 'limited';
    return this.#copies.take(players, nowMs) ? 'carried' : 'limited';
  }

  #bucketOf(sourcePort: number, nowMs: number): TokenBucket {
    const bucket = this.#ofOne.get(sourcePort) ?? new TokenBucket(DATAGRAMS_OF_ONE, nowMs);
    this.#ofOne.delete(sourcePort);
    this.#ofOne.set(sourcePort, bucket);
    const [oldest] = this.#ofOne.keys();
    if (this.#ofOne.size > MOST_SOCKETS && oldest !== undefined) this.#ofOne.delete(oldest);
    return bucket;
  }

  #isRepeated(datagram: LanDatagram, nowMs: number): boolean {
    const { source, destination, sourcePort, destinationPort, payload } = datagram;
    const what = `${sourcePort} ${destinationPort} ${payload.toString('latin1')}`;
    const way = `${source} ${destination}`;
    const before = this.#heard.get(what);
    if (before && nowMs - before.atMs < REPEAT_MS && before.way !== way) return true;
    this.#heard.delete(what);
    this.#heard.set(what, { atMs: nowMs, way });
    this.#forgetOld(nowMs);
    return false;
  }

  /** The oldest come first. */
  #forgetOld(nowMs: number): void {
    for (const [what, { atMs }] of this.#heard) {
      if (nowMs - atMs < REPEAT_MS && this.#heard.size <= MOST_REMEMBERED) return;
      this.#heard.delete(what);
    }
  }
}
