/**
 * Initiations that wait: for their answer, or to be let out.
 *
 * When both players initiate at once, each forgets its own initiation on receiving the other's, both answers are
 * useless, and they try again in step 5 s later. Therefore the second one is held back while the first one, in the
 * opposite direction between the same two addresses, waits for its answer, but no longer than that should take: it
 * may have been lost, or forged.
 */
import type { Side } from './session';
import { isSameAddress, type PlayerAddress } from './verdict';

export interface Initiation {
  readonly from: Side;
  readonly source: PlayerAddress;
  readonly destination: PlayerAddress;
}

export interface HeldInitiation extends Initiation {
  readonly datagram: Buffer;
  readonly heldAtMs: number;
}

interface SentInitiation extends Initiation {
  readonly sentAtMs: number;
  hasCookie: boolean;
}

/** WireGuard replaces an initiation after 5 s (REKEY_TIMEOUT) and up to a third of a second of jitter. */
const lifetimeMs = 6000;
/** More than the limits let in during that time. */
const maxSent = 128;
/** Longer than the way to a player and back. */
const answerWithinMs = 500;
const maxHeld = 4;

export class PendingInitiations {
  /** By sender index, in the order in which they were sent. */
  readonly #sent = new Map<number, SentInitiation>();
  #held: HeldInitiation[] = [];

  /** The initiation that was sent with this sender index and waits for its answer. */
  get(senderIndex: number): Initiation | undefined {
    return this.#sent.get(senderIndex);
  }

  add(senderIndex: number, initiation: Initiation, nowMs: number): void {
    this.#sent.set(senderIndex, { ...initiation, sentAtMs: nowMs, hasCookie: false });
    if (this.#sent.size <= maxSent) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  /** Takes note of a cookie reply to this initiation; false when it has had one. */
  takeCookie(senderIndex: number): boolean {
    const sent = this.#sent.get(senderIndex);
    if (!sent || sent.hasCookie) return false;
    return (sent.hasCookie = true);
  }

  delete(senderIndex: number): void {
    this.#sent.delete(senderIndex);
  }

  /** Whether the two addresses are exchanging an initiation already, in the other direction. */
  meets({ from, source, destination }: Initiation, nowMs: number): boolean {
    return Array.from(this.#sent.values()).some(
      (other) =>
        other.from !== from &&
        nowMs - other.sentAtMs < answerWithinMs &&
        isSameAddress(other.source, destination) &&
        isSameAddress(other.destination, source),
    );
  }

  /** Holds a copy back; false when there is no room. */
  hold(datagram: Buffer, initiation: Initiation, nowMs: number): boolean {
    if (this.#held.length === maxHeld) return false;
    this.#held.push({ ...initiation, datagram: Buffer.from(datagram), heldAtMs: nowMs });
    return true;
  }

  /** Takes out what was held back long enough. */
  takeDue(nowMs: number): HeldInitiation[] {
    const isDue = ({ heldAtMs }: HeldInitiation) => nowMs - heldAtMs >= answerWithinMs;
    const due = this.#held.filter(isDue);
    this.#held = this.#held.filter((held) => !isDue(held));
    return due;
  }

  /** When something is due next; undefined while nothing is held back. */
  get nextDueAtMs(): number | undefined {
    const [first] = this.#held;
    return first && first.heldAtMs + answerWithinMs;
  }

  forgetAddresses(isRefused: (address: PlayerAddress) => boolean): void {
    const isConcerned = ({ source, destination }: Initiation) => isRefused(source) || isRefused(destination);
    for (const [index, sent] of this.#sent) if (isConcerned(sent)) this.delete(index);
    this.#held = this.#held.filter((held) => !isConcerned(held));
  }

  /** Forgets what its sender has given up. */
  expire(nowMs: number): void {
    for (const [index, { sentAtMs }] of this.#sent) {
      if (nowMs - sentAtMs > lifetimeMs) this.delete(index);
    }
  }

  get isEmpty(): boolean {
    return this.#sent.size === 0 && this.#held.length === 0;
  }

  get size(): { sent: number; held: number } {
    return { sent: this.#sent.size, held: this.#held.length };
  }
}
