/**
 * One answered handshake: two indices, and where their owners are.
 *
 * The address of an end is believed for this session alone. A data message from elsewhere moves the end when it
 * carries the session's index and a counter above all seen (RFC 9146 section 6 moves on the same evidence): a
 * NAT has rebound, or the player changed networks. The counter is not authenticated to the relay, so a wiretapper
 * could move an end with an enormous one and seem to lock the player out; therefore the address that was left
 * keeps its own counter, and wins the end back when it is still counting up after a second, when packets of a
 * player who really moved have long stopped coming from there. While it is counting up it is not given up for a third one.
 *
 * A session that is confirmed, busy and at rest is *offloaded*: the relay's shell may let the kernel forward its data,
 * and says afterwards how much that was. A move ends that until the new address has proved itself for as long as
 * the old one may win the end back.
 */
import type { SocketAddress } from '#shared/endpoint';
import { isSameAddress } from './verdict';

/** The two players of a pair, in the order of the pair's keys. */
export type Side = 0 | 1;

/** One thing for each of the two players. */
export type PerSide<T> = readonly [T, T];

export function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0;
}

/** Before everything: an integer, so that V8 keeps times without an object for each, as it does with whole milliseconds. */
export const neverMs = -(2 ** 30);

export interface End {
  /** The index that this player chose: data for the player carries it. */
  readonly index: number;
  address: SocketAddress;
  highestCounter: number;
  /** When this player last sent new data in the session; {@link neverMs} before the first. */
  lastDataAtMs: number;
  /** Where the player was before its last move, or before the first of several if it still seems to be there. */
  left?: LeftAddress;
}

interface LeftAddress {
  readonly address: SocketAddress;
  /** Of what came from there. */
  readonly highestCounter: number;
  readonly leftAtMs: number;
  /** When the last counter above all others came from there. */
  readonly countedAtMs: number;
}

/** Data messages after which a session is worth the trouble; keepalives alone take minutes for that. */
const busyMessages = 16;
/** Not even keepalives pass any more, or nothing but them. */
const offloadedIdleMs = 20_000;

/** Packets that arrive from a left address within this time were on the way when the player moved. */
export const reorderingMs = 1000;

export class Session {
  /**
   * Data went both ways between the addresses of the handshake, in this session or in one before it. Nobody else
   * can bring that about for a player's address: it takes sending from there, with an index known only on the path.
   */
  confirmed: boolean;
  /** Whether its data need not come here. */
  offloaded = false;
  #messages = 0;
  #keptUntilMs = neverMs;
  readonly #first: End;
  readonly #second: End;

  /** @param lineage see sessions.ts */
  constructor(
    readonly lineage: number,
    [first, second]: PerSide<End>,
    readonly createdAtMs: number,
    confirmed: boolean,
  ) {
    this.#first = first;
    this.#second = second;
    this.confirmed = confirmed;
  }

  end(side: Side): End {
    return side === 0 ? this.#first : this.#second;
  }

  get ends(): PerSide<End> {
    return [this.#first, this.#second];
  }

  /** Who chose the index, and so receives what carries it; undefined when nobody did. */
  sideOf(index: number): Side | undefined {
    if (this.#first.index === index) return 0;
    return this.#second.index === index ? 1 : undefined;
  }

  /** When anything of the session, its handshake included, last passed. */
  get lastHeardAtMs(): number {
    return Math.max(this.createdAtMs, this.#first.lastDataAtMs, this.#second.lastDataAtMs);
  }

  /** Since when one side has been silent; {@link neverMs} while data has not gone both ways. */
  get lastUsedAtMs(): number {
    return Math.min(this.#first.lastDataAtMs, this.#second.lastDataAtMs);
  }

  /** Takes note of a data message that passed here; true when the session is offloaded from now on. */
  becomesOffloaded(nowMs: number): boolean {
    this.#messages++;
    if (this.offloaded || !this.confirmed || this.#messages < busyMessages || nowMs < this.#keptUntilMs)
      return false;
    this.offloaded = true;
    return true;
  }

  /** Its data come here again, at least until the given time; true when they did not before. */
  keepHere(untilMs: number): boolean {
    const wasOffloaded = this.offloaded;
    this.offloaded = false;
    this.#messages = 0;
    this.#keptUntilMs = Math.max(this.#keptUntilMs, untilMs);
    return wasOffloaded;
  }

  isIdle(nowMs: number): boolean {
    return nowMs - this.lastHeardAtMs > offloadedIdleMs;
  }

  isBetween([first, second]: PerSide<SocketAddress>): boolean {
    return isSameAddress(this.#first.address, first) && isSameAddress(this.#second.address, second);
  }
}

export function makeEnd(index: number, address: SocketAddress): End {
  return { index, address, highestCounter: -1, lastDataAtMs: neverMs };
}

/** Takes note of data from an end's own address. What is late, or repeated by a wiretapper, is no sign of life. */
export function advance(end: End, counter: number, nowMs: number): void {
  if (counter <= end.highestCounter) return;
  end.highestCounter = counter;
  end.lastDataAtMs = nowMs;
}

/** Takes note of data from another address; true when the end is there from now on. */
export function follow(end: End, source: SocketAddress, counter: number, nowMs: number): boolean {
  const { address, highestCounter, left } = end;
  const isBack = left !== undefined && isSameAddress(left.address, source) && counter > left.highestCounter;
  const winsBack = isBack && nowMs - left.leftAtMs > reorderingMs;
  if (isBack && !winsBack) end.left = { ...left, highestCounter: counter, countedAtMs: nowMs };
  if (counter <= highestCounter && !winsBack) return false;
  const isLeftAlive = !isBack && left !== undefined && nowMs - left.countedAtMs <= reorderingMs;
  if (!isLeftAlive) end.left = { address, highestCounter, leftAtMs: nowMs, countedAtMs: nowMs };
  end.address = { address: source.address, port: source.port };
  end.highestCounter = counter;
  end.lastDataAtMs = nowMs;
  return true;
}
