/**
 * One answered handshake: two indices, and where their owners are (see end.ts).
 *
 * A session that is confirmed, busy and at rest is *offloaded*: the relay's shell may let the kernel forward its data,
 * and says afterwards how much that was. A move ends that until the new address has proved itself for as long as
 * the old one may win the end back; so does an end that does not answer.
 */
import { type End, neverMs } from './end';
import { isSameAddress, type PlayerAddress } from './verdict';

/** The two players of a pair, in the order of the pair's keys. */
export type Side = 0 | 1;

/** One thing for each of the two players. */
export type PerSide<T> = readonly [T, T];

export function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0;
}

/** Data messages after which a session is worth the trouble; keepalives alone take minutes for that. */
const busyMessages = 16;
const offloaded = -1;
/** Not even keepalives pass any more, or nothing but them. */
const offloadedIdleMs = 20_000;

export class Session {
  /**
   * Data went both ways between the addresses of the handshake, in this session or in one before it. Nobody else
   * can bring that about for a player's address: it takes sending from there, with an index known only on the path.
   */
  confirmed: boolean;
  /** Data that passed here since the session was last kept here; {@link offloaded} while they need not. */
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

  /** Whether its data need not come here. */
  get offloaded(): boolean {
    return this.#messages === offloaded;
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
    if (this.offloaded) return false;
    this.#messages++;
    const isReady = this.confirmed && this.#messages >= busyMessages && nowMs >= this.#keptUntilMs;
    if (!isReady || !this.isProven(nowMs)) return false;
    this.#messages = offloaded;
    return true;
  }

  /** Its data come here again, at least until the given time; true when they did not before. */
  keepHere(untilMs: number): boolean {
    const wasOffloaded = this.offloaded;
    this.#messages = 0;
    this.#keptUntilMs = Math.max(this.#keptUntilMs, untilMs);
    return wasOffloaded;
  }

  /** Whether somebody is at either end. */
  isProven(nowMs: number): boolean {
    return this.#first.isProven(nowMs) && this.#second.isProven(nowMs);
  }

  isIdle(nowMs: number): boolean {
    return nowMs - this.lastHeardAtMs > offloadedIdleMs;
  }

  isBetween([first, second]: PerSide<PlayerAddress>): boolean {
    return isSameAddress(this.#first.address, first) && isSameAddress(this.#second.address, second);
  }
}
