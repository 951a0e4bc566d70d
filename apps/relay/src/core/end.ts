/**
 * One end of a session: where a player is, what has passed from there, and whether anybody is there.
 *
 * The address of an end is believed for this session alone. A data message from elsewhere moves the end when it
 * carries the session's index and a counter above all seen (RFC 9146 section 6 moves on the same evidence): a
 * NAT has rebound, or the player changed networks. The counter is not authenticated to the relay, so a wiretapper
 * could move an end with an enormous one and seem to lock the player out; therefore the address that was left
 * keeps its own counter, and wins the end back when it is still counting up after a second, when packets of a
 * player who really moved have long stopped coming from there. While it is counting up it is not given up for a third one.
 *
 * An end is *proven* while it sends new data from its address, as often as WireGuard answers. Others are sent next to
 * nothing, so that nobody leads data to somebody who did not ask for them: who can send in the name of an address once
 * could otherwise have the relay send there for as long as the session lives.
 */
import { type Rate, TokenBucket } from '#shared/token-bucket';
import { shortestDataBytes } from '#shared/wireguard/message';
import { ReplayWindow } from './replay-window';
import { isSameAddress, type PlayerAddress } from './verdict';

/** Earlier than any time. An integer of 31 bits, which V8 keeps without an object for each. */
export const neverMs = -(2 ** 30);
const nothingUnanswered = -1;

/**
 * WireGuard answers data with a keepalive after 10 s at the latest (KEEPALIVE_TIMEOUT), and initiates anew 15 s after data
 * without an answer. So 25 s leave room for one lost answer, and for a handshake after that whose first messages are lost.
 */
const answerWithinMs = 25_000;
/** Packets that arrive from a left address within this time were on the way when the player moved. */
export const reorderingMs = 1000;

interface LeftAddress {
  readonly address: PlayerAddress;
  /** The highest counter of what came from there. */
  readonly highestCounter: number;
  readonly leftAtMs: number;
  /** When the last counter above all others came from there. */
  readonly countedAtMs: number;
}

/** What most ends do not have. */
interface Rare {
  /** Missing while every counter up to the highest has passed here. */
  passed?: ReplayWindow;
  /** Where the player was before its last move, or before the first of several if it still seems to be there. */
  left?: LeftAddress;
  /** What it may get without being proven; missing while it is full. */
  allowance?: TokenBucket | undefined;
  hasCookie?: true;
}

export class End {
  /** When this player last sent new data in the session; {@link neverMs} before the first. */
  lastDataAtMs = neverMs;
  /** The highest counter of all that passed here, and at least that of what passed in the kernel. */
  #highestCounter = -1;
  /** When the first data were sent that are not answered yet; {@link neverMs} while nothing has come from the address. */
  #unansweredSinceMs = neverMs;
  /** Missing while there is none of it, because a relay has very many ends. */
  #rare: Rare | undefined;

  /** @param index that this player chose: data for the player carries it */
  constructor(
    readonly index: number,
    public address: PlayerAddress,
  ) {}

  /** Whether data with this counter have passed here, or are so late that nobody knows. */
  hasPassed(counter: number): boolean {
    return this.#rare?.passed?.has(counter) ?? counter <= this.#highestCounter;
  }

  /** Takes note of dropped data with this counter, so that nobody gains from repeating them. */
  forgo(counter: number): void {
    this.#window.add(counter);
  }

  /** Takes note of new data from the end's own address. */
  advance(counter: number, nowMs: number): void {
    this.#pass(counter);
    if (counter > this.#highestCounter) this.#highestCounter = counter;
    this.#isHeard(nowMs);
  }

  /** Takes note of new data from another address; true when the end is there from now on. */
  follow(source: PlayerAddress, counter: number, nowMs: number): boolean {
    this.#pass(counter);
    const highestCounter = this.#highestCounter;
    const left = this.#rare?.left;
    const isBack = left !== undefined && isSameAddress(left.address, source) && counter > left.highestCounter;
    const winsBack = isBack && nowMs - left.leftAtMs > reorderingMs;
    if (isBack && !winsBack) this.#some.left = { ...left, highestCounter: counter, countedAtMs: nowMs };
    if (counter <= highestCounter && !winsBack) return false;
    const isLeftAlive = !isBack && left !== undefined && nowMs - left.countedAtMs <= reorderingMs;
    if (!isLeftAlive)
      this.#some.left = { address: this.address, highestCounter, leftAtMs: nowMs, countedAtMs: nowMs };
    this.address = { address: source.address, port: source.port, asked: source.asked };
    this.#highestCounter = counter;
    this.lastDataAtMs = nowMs;
    this.#unansweredSinceMs = neverMs;
    return true;
  }

  /** So many of its messages passed elsewhere. Each carried a counter of its own, which nobody here knows. */
  advanceElsewhere(messages: number, nowMs: number): void {
    this.#some.passed ??= new ReplayWindow(this.#highestCounter);
    this.#highestCounter += messages;
    this.#isHeard(nowMs);
  }

  /** Whether data have come from the address that it has, in this session or in the one that this one continues. */
  get isShown(): boolean {
    return this.#unansweredSinceMs !== neverMs;
  }

  /** A handshake with its address was answered, where it had shown itself before. */
  continueShown(): void {
    this.#unansweredSinceMs = nothingUnanswered;
  }

  isProven(nowMs: number): boolean {
    return this.#unansweredSinceMs === nothingUnanswered || nowMs - this.#unansweredSinceMs <= answerWithinMs;
  }

  /** Whether data of so many bytes may be sent to it. Keepalives are not answered, but come once a second at most. */
  admits(bytes: number, unproven: Rate, nowMs: number): boolean {
    const isKeepalive = bytes === shortestDataBytes;
    const isRecent = !isKeepalive || nowMs - this.lastDataAtMs <= answerWithinMs;
    if (!isRecent || !this.isProven(nowMs))
      return (this.#some.allowance ??= new TokenBucket(unproven, nowMs)).take(1, nowMs);
    if (!isKeepalive) this.#owesAnswer(nowMs);
    return true;
  }

  /** So many messages with so many bytes in all were sent to it elsewhere. */
  sentElsewhere(messages: number, bytes: number, unproven: Rate, nowMs: number): void {
    if (bytes > messages * shortestDataBytes || messages > unproven.burst) this.#owesAnswer(nowMs);
  }

  #owesAnswer(nowMs: number): void {
    if (this.#unansweredSinceMs === nothingUnanswered) this.#unansweredSinceMs = nowMs;
  }

  /** Takes note of a cookie reply to what it has sent; false when it has had one. */
  takeCookie(): boolean {
    if (this.#rare?.hasCookie) return false;
    return (this.#some.hasCookie = true);
  }

  #isHeard(nowMs: number): void {
    this.lastDataAtMs = nowMs;
    this.#unansweredSinceMs = nothingUnanswered;
    const rare = this.#rare;
    if (!rare?.allowance) return;
    const { passed, left, hasCookie } = rare;
    if (passed || left || hasCookie) rare.allowance = undefined;
    else this.#rare = undefined;
  }

  #pass(counter: number): void {
    if (this.#rare?.passed || counter > this.#highestCounter + 1) this.#window.add(counter);
  }

  get #window(): ReplayWindow {
    return (this.#some.passed ??= new ReplayWindow(this.#highestCounter));
  }

  get #some(): Rare {
    return (this.#rare ??= {});
  }
}
