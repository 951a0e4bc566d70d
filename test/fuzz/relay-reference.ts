/**
 * Where each datagram may go, by docs/protocol.md ("Relaying WireGuard") and without a look at the relay's code: whatever
 * a port forwards must be allowed here. It knows no limits and forgets late, so it allows a little more than a relay does.
 */
import type { SocketAddress } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import { isMeantFor, type Mac1Key, mac1KeyOf } from '#shared/wireguard/mac1';

type Side = 0 | 1;
/** Address and port. */
type Place = string;

interface Forwarded {
  readonly pair: Players;
  readonly from: Side;
  readonly source: Place;
  readonly destination: Place;
  readonly atMs: number;
  hasCookie: boolean;
}

interface AnsweredHandshake {
  readonly pair: Players;
  /** Where each player has shown itself in it. */
  readonly seen: readonly [Set<Place>, Set<Place>];
  readonly hasSent: [boolean, boolean];
  isConfirmed: boolean;
  /** Whether the handshake before this one was confirmed between the same places. */
  readonly isContinued: boolean;
  readonly atMs: number;
  /** What each has sent, by counter. */
  readonly counters: readonly [Set<bigint>, Set<bigint>];
  /** How many data messages were sent to each. */
  readonly dataTo: [number, number];
  readonly hasCookie: [boolean, boolean];
}

interface Players {
  readonly mac1Keys: readonly [Mac1Key, Mac1Key];
  /** From where somebody has initiated in each player's name. */
  readonly initiators: readonly [Set<Place>, Set<Place>];
}

interface Meant {
  readonly pair: Players;
  readonly to: Side;
}

/** WireGuard gives up an initiation after 5 s and up to a third of a second. */
const answerableMs = 6000;
/** What somebody gets who has not sent any data. */
const unproven = { atOnce: 10, everyMs: 1000 };
const lengths: Readonly<Record<number, (bytes: number) => boolean>> = {
  1: (bytes) => bytes === 148,
  2: (bytes) => bytes === 92,
  3: (bytes) => bytes === 64,
  4: (bytes) => bytes >= 32,
};

export class Reference {
  readonly #pairs = new Map<string, Players>();
  readonly #forwarded = new Map<number, Forwarded>();
  readonly #sessions = new Map<number, { session: AnsweredHandshake; owner: Side }>();

  #lastMeant: { readonly datagram: Buffer; readonly answer: Meant | undefined } | undefined;

  open(pairId: string, [one, other]: readonly [PublicKey, PublicKey]): void {
    this.#lastMeant = undefined;
    this.#pairs.set(pairId, {
      mac1Keys: [mac1KeyOf(one), mac1KeyOf(other)],
      initiators: [new Set(), new Set()],
    });
  }

  close(pairId: string): void {
    const pair = this.#pairs.get(pairId);
    this.#pairs.delete(pairId);
    this.#lastMeant = undefined;
    for (const [index, forwarded] of this.#forwarded)
      if (forwarded.pair === pair) this.#forwarded.delete(index);
    for (const [index, { session }] of this.#sessions)
      if (session.pair === pair) this.#sessions.delete(index);
  }

  /** Something arrived. */
  received(datagram: Buffer, source: SocketAddress): void {
    if (typeOf(datagram) !== 1 || source.port === 0) return;
    const meant = this.#meantFor(datagram, 'initiation');
    if (meant) meant.pair.initiators[other(meant.to)].add(placeOf(source));
  }

  /** Something was forwarded. @returns why that was wrong, undefined if it was not */
  forwarded(
    datagram: Buffer,
    source: SocketAddress,
    destination: SocketAddress,
    nowMs: number,
  ): string | undefined {
    const [from, to] = [placeOf(source), placeOf(destination)];
    if (source.port === 0) return 'answered port 0';
    if (from === to) return 'sent back to its sender';
    const type = typeOf(datagram);
    if (type === 1) return this.#initiation(datagram, from, to, nowMs);
    if (type === 2) return this.#response(datagram, from, to, nowMs);
    if (type === 3) return this.#cookieReply(datagram, from, to, nowMs);
    return type === 4 ? this.#data(datagram, from, to, nowMs) : 'forwarded what is no WireGuard message';
  }

  #initiation(datagram: Buffer, source: Place, destination: Place, nowMs: number): string | undefined {
    const meant = this.#meantFor(datagram, 'initiation');
    if (!meant) return 'an initiation for nobody here';
    const { pair, to } = meant;
    if (!pair.initiators[to].has(destination) && !this.#isSeen(pair, to, destination))
      return 'an initiation to where its player never was';
    const initiation = { pair, from: other(to), source, destination, atMs: nowMs, hasCookie: false };
    this.#forwarded.set(datagram.readUInt32LE(4), initiation);
    return undefined;
  }

  #response(datagram: Buffer, source: Place, destination: Place, nowMs: number): string | undefined {
    const initiatorIndex = datagram.readUInt32LE(8);
    const asked = this.#forwarded.get(initiatorIndex);
    if (!asked || nowMs - asked.atMs > answerableMs) return 'a response to nothing';
    if (asked.destination !== source || asked.source !== destination)
      return 'a response between others than those of its initiation';
    const meant = this.#meantFor(datagram, 'response');
    if (meant?.pair !== asked.pair || meant.to !== asked.from)
      return 'a response that is meant for somebody else';
    this.#forwarded.delete(initiatorIndex);
    this.#startSession(asked, initiatorIndex, datagram.readUInt32LE(4), nowMs);
    return undefined;
  }

  #cookieReply(datagram: Buffer, source: Place, destination: Place, nowMs: number): string | undefined {
    const index = datagram.readUInt32LE(4);
    const asked = this.#forwarded.get(index);
    const isAnswer =
      asked?.destination === source && asked.source === destination && nowMs - asked.atMs <= answerableMs;
    if (asked && isAnswer && !asked.hasCookie) {
      asked.hasCookie = true;
      return undefined;
    }
    const route = this.#sessions.get(index);
    if (!route || !isBetween(route.session, route.owner, source, destination))
      return isAnswer ? 'a second cookie reply' : 'a cookie reply to nothing';
    if (route.session.hasCookie[route.owner]) return 'a second cookie reply';
    route.session.hasCookie[route.owner] = true;
    return undefined;
  }

  #data(datagram: Buffer, source: Place, destination: Place, nowMs: number): string | undefined {
    const route = this.#sessions.get(datagram.readUInt32LE(4));
    if (!route) return 'data of no session';
    const { session, owner } = route;
    const sender = other(owner);
    const counter = datagram.readBigUInt64LE(8);
    if (session.counters[sender].has(counter)) return 'data for the second time';
    if (!session.seen[owner].has(destination)) return 'data to where its player never was in this session';
    if (!session.seen[sender].has(source) && !session.isConfirmed)
      return 'data from elsewhere in a session that is not confirmed';
    const allowed = unproven.atOnce + (nowMs - session.atMs) / unproven.everyMs;
    if (++session.dataTo[owner] > allowed && !session.hasSent[owner] && !session.isContinued)
      return 'many data to somebody who has sent none';
    session.counters[sender].add(counter);
    session.seen[sender].add(source);
    session.hasSent[sender] = true;
    session.isConfirmed ||= session.hasSent[0] && session.hasSent[1];
    return undefined;
  }

  #startSession(
    { pair, from, source, destination }: Forwarded,
    initiator: number,
    responder: number,
    nowMs: number,
  ): void {
    const addresses = from === 0 ? ([source, destination] as const) : ([destination, source] as const);
    const isParent = (one: AnsweredHandshake) =>
      one.pair === pair && one.isConfirmed && one.seen.every((seen, side) => seen.has(addresses[side] ?? ''));
    const isContinued = [...this.#sessions.values()].some((one) => isParent(one.session));
    const session: AnsweredHandshake = {
      pair,
      seen: [new Set([addresses[0]]), new Set([addresses[1]])],
      hasSent: [false, false],
      isConfirmed: isContinued,
      isContinued,
      atMs: nowMs,
      counters: [new Set(), new Set()],
      dataTo: [0, 0],
      hasCookie: [false, false],
    };
    this.#sessions.set(initiator, { session, owner: from }).set(responder, { session, owner: other(from) });
  }

  #isSeen(pair: Players, side: Side, address: Place): boolean {
    return [...this.#sessions.values()].some(
      ({ session }) => session.pair === pair && session.seen[side].has(address),
    );
  }

  /** Remembered for one datagram, because mac1 is what takes time here. */
  #meantFor(datagram: Buffer, type: 'initiation' | 'response') {
    if (!this.#lastMeant?.datagram.equals(datagram)) {
      this.#lastMeant = { datagram: Buffer.from(datagram), answer: this.#findMeant(datagram, type) };
    }
    return this.#lastMeant.answer;
  }

  #findMeant(datagram: Buffer, type: 'initiation' | 'response'): Meant | undefined {
    for (const pair of this.#pairs.values()) {
      if (isMeantFor(pair.mac1Keys[0], datagram, type)) return { pair, to: 0 as const };
      if (isMeantFor(pair.mac1Keys[1], datagram, type)) return { pair, to: 1 as const };
    }
    return undefined;
  }
}

function isBetween({ seen }: AnsweredHandshake, owner: Side, source: Place, destination: Place): boolean {
  return seen[other(owner)].has(source) && seen[owner].has(destination);
}

/** Other than the endpoints of the API it may have port 0. */
export function placeOf({ address, port }: SocketAddress): Place {
  return `${address} ${port}`;
}

function typeOf(datagram: Buffer): number | undefined {
  if (datagram.length < 32) return undefined;
  const type = datagram.readUInt32LE(0);
  return lengths[type]?.(datagram.length) ? type : undefined;
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}
