/**
 * The relay's view of two players: for whom a datagram is, and where that player is.
 *
 * The relay holds no keys. It reads the unencrypted parts of WireGuard's messages and keeps two kinds of state:
 *
 * - An *initiation* that was forwarded and waits for its answer, by its sender index. mac1 tells for which of
 *   the two it is meant. The answer must name its index and come from where it was sent.
 * - A *session*, made by that answer: two indices and the address of each one's owner. Data and cookie replies
 *   are routed by their receiver index and nothing else.
 *
 * Others who know the public keys, as every member of the party does, can forge initiations. They do not see
 * the pair's indices, so a forged initiation touches no session, and only somebody to whom it was forwarded can
 * answer it. Where an initiation goes is therefore the one decision that forgers can try to influence:
 *
 *  1. Where a confirmed session with this very sender address has the other player. Forgers cannot make such a
 *     session without sending from one of its addresses, so they never divert the rekeying of two players.
 *  2. To the other addresses in confirmed sessions, the most recently heard first: the sender is new or moved.
 *  3. To the addresses that initiated in the other player's name, the newest first: at the first contact nothing
 *     else is known, and forgers may be among them.
 *
 * Each retry that led to nothing is followed by one to another address (see initiators.ts), so a wrong guess costs
 * one retry (5 s): forgers can delay an acquaintance, not prevent it. An initiation for a player without any
 * address is dropped, never kept: let out later, it would collide with WireGuard's own retries.
 */
import { TokenBucket } from '#shared/token-bucket';
import type { PublicKey } from '#shared/wireguard/key';
import { isMeantFor, type Mac1Key, mac1KeyOf } from '#shared/wireguard/mac1';
import { dataCounter, type HandshakeType, receiverIndex, senderIndex } from '#shared/wireguard/message';
import { End, neverMs, reorderingMs } from './end';
import { Initiators, nextDestination } from './initiators';
import { type RelayLimits, type SourceBuckets } from './limits';
import { type HeldInitiation, type Initiation, PendingInitiations } from './pending-initiations';
import { otherSide, type PerSide, type Session, type Side } from './session';
import { Sessions } from './sessions';
import { type DropReason, isSameAddress, isSameSocket, type PlayerAddress, type Verdict } from './verdict';

export interface PairIdentity {
  readonly pairId: string;
  /** In the order that numbers the sides. */
  readonly players: PerSide<PublicKey>;
}

/** An initiation that was held back, and what is to be done with it now. */
export interface Released {
  readonly datagram: Buffer;
  readonly verdict: Verdict;
}

/** Data with this receiver index from one address to another. */
export interface OffloadedRoute {
  readonly from: PlayerAddress;
  readonly index: number;
  readonly to: PlayerAddress;
}

/** As long as a NAT may keep a silent mapping, more or less; beyond that a guess is no better than none. */
const initiatorLifetimeMs = 190_000;
/**
 * How long a pair that exceeded its limits in the kernel is held to them message by message: long enough for what was too
 * much to be little in comparison.
 */
const leastLimitedForMs = 10_000;
const limitedTimesExcess = 10;

export class Pair {
  readonly #pairId: string;
  readonly #first: PublicKey;
  readonly #second: PublicKey;
  readonly #toFirst: Mac1Key;
  readonly #toSecond: Mac1Key;
  readonly #misses: SourceBuckets;
  readonly #initiators: Initiators;
  readonly #limits: RelayLimits;
  /** Missing while they are full. */
  #packets: TokenBucket | undefined;
  #bytes: TokenBucket | undefined;
  /** Missing while there are none. */
  #pending: PendingInitiations | undefined;
  readonly #sessions = new Sessions();
  readonly #openedAtMs: number;
  /** Until then all of its data come here. */
  #limitedUntilMs = neverMs;
  #addressRevision = 0;
  #offloadRevision = 0;

  constructor(identity: PairIdentity, limits: RelayLimits, misses: SourceBuckets, nowMs: number) {
    this.#pairId = identity.pairId;
    [this.#first, this.#second] = identity.players;
    this.#openedAtMs = nowMs;
    this.#toFirst = mac1KeyOf(this.#first);
    this.#toSecond = mac1KeyOf(this.#second);
    this.#misses = misses;
    this.#initiators = new Initiators(limits);
    this.#limits = limits;
  }

  get identity(): PairIdentity {
    return { pairId: this.#pairId, players: [this.#first, this.#second] };
  }

  /** Whether this player is one of the two. */
  isOf(player: PublicKey): boolean {
    return player === this.#first || player === this.#second;
  }

  /** Type 1. `wrong_mac1` when it is for neither of the two. */
  initiation(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const from = this.#senderByMac1(datagram, 'initiation');
    if (from === undefined) return 'wrong_mac1';
    if (this.hasIndex(senderIndex(datagram))) return 'index_in_use';
    const isKnown = this.#sessions.isKnown(from, source);
    const initiator = this.#initiators.admit(from, source, isKnown, nowMs);
    if (!initiator) return 'pair_handshakes_limited';
    const destination = nextDestination(initiator, this.#destinations(from, source));
    if (!destination) return 'recipient_unknown';
    const initiation = { from, source: initiator.address, destination };
    if (this.#pending?.meets(initiation, nowMs)) {
      return this.#pending.hold(datagram, initiation, nowMs) ? 'held' : 'glare';
    }
    return this.#send(datagram, initiation, nowMs);
  }

  /** Type 2. `unknown_index` when it answers nothing that was sent here. */
  response(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const initiatorIndex = receiverIndex(datagram, 'response');
    const responderIndex = senderIndex(datagram);
    const initiation = this.#pending?.get(initiatorIndex);
    if (!initiation) return 'unknown_index';
    if (!isSameAddress(initiation.destination, source)) return 'unexpected_source';
    const toInitiator = initiation.from === 0 ? this.#toFirst : this.#toSecond;
    if (!isMeantFor(toInitiator, datagram, 'response')) return 'wrong_mac1';
    if (this.hasIndex(responderIndex)) return 'index_in_use';
    const initiator = new End(initiatorIndex, initiation.source);
    const responder = new End(responderIndex, initiation.destination);
    const ends =
      initiation.from === 0 ? ([initiator, responder] as const) : ([responder, initiator] as const);
    const session = this.#sessions.add(ends, nowMs);
    if (!session) return 'sessions_full';
    this.#pending?.delete(initiatorIndex);
    if (this.#pending?.isEmpty) this.#pending = undefined;
    if (session.confirmed) this.#settle(session);
    return initiation.source;
  }

  /** Type 3, the answer of a busy WireGuard to an initiation or a response. */
  cookieReply(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const index = receiverIndex(datagram, 'cookieReply');
    const asked = this.#pending?.get(index) ?? this.#askedByResponse(index);
    if (!asked) return 'unknown_index';
    if (!isSameAddress(asked.destination, source)) return 'unexpected_source';
    if (!this.#hasRoomFor(datagram, nowMs)) return 'pair_traffic_limited';
    return this.#takeCookie(index) ? asked.source : 'repeated';
  }

  /** Type 4. `unknown_index` when it belongs to no session of this pair. */
  data(datagram: Buffer, source: PlayerAddress, nowMs: number): Verdict {
    const index = receiverIndex(datagram, 'data');
    const session = this.#sessions.find(index);
    const to = session?.sideOf(index);
    if (!session || to === undefined) return 'unknown_index';
    const receiver = session.end(to);
    // Nothing is sent back: its own data would move the other end to the receiver.
    if (isSameSocket(receiver.address, source)) return 'unexpected_source';
    const sender = session.end(otherSide(to));
    const isHome = isSameAddress(sender.address, source);
    if (!isHome && (!session.confirmed || this.#misses.isExhausted(source.address, nowMs)))
      return 'unexpected_source';
    const counter = dataCounter(datagram);
    if (sender.hasPassed(counter)) return 'repeated';
    const refusal = this.#refusal(receiver, datagram, nowMs);
    if (refusal) {
      sender.forgo(counter);
      return refusal;
    }
    if (isHome) {
      sender.advance(counter, nowMs);
      if (!session.confirmed && session.lastUsedAtMs !== neverMs) this.#confirm(session);
    } else if (sender.follow(source, counter, nowMs)) {
      this.#move(session, nowMs);
    }
    if (nowMs >= this.#limitedUntilMs && session.becomesOffloaded(nowMs)) this.#offloadRevision++;
    return receiver.address;
  }

  /** What of this pair's data need not come here; changes only when {@link offloadRevision} does. */
  offloadedRoutes(): OffloadedRoute[] {
    return this.#sessions.offloaded().flatMap(({ ends: [first, second] }) => [
      { from: first.address, index: second.index, to: second.address },
      { from: second.address, index: first.index, to: first.address },
    ]);
  }

  /** Counts the changes of {@link offloadedRoutes}. */
  get offloadRevision(): number {
    return this.#offloadRevision + this.#sessions.offloadedEnds;
  }

  /** Data with this index that passed elsewhere, whether or not the session is still offloaded, or there. */
  countOffloaded(index: number, packets: number, bytes: number, nowMs: number): void {
    const session = this.#sessions.find(index);
    const to = session?.sideOf(index);
    if (session?.offloaded && to !== undefined) {
      session.end(otherSide(to)).advanceElsewhere(packets, nowMs);
      session.end(to).sentElsewhere(packets, bytes, this.#limits.unprovenRecipient, nowMs);
    }
    const excessMs = Math.max(
      this.#packetBucket(nowMs).spend(packets, nowMs),
      this.#byteBucket(nowMs).spend(bytes, nowMs),
    );
    if (excessMs > 0) this.#limit(nowMs + Math.max(leastLimitedForMs, limitedTimesExcess * excessMs));
  }

  /** What was held back long enough. */
  release(nowMs: number): Released[] {
    const due = this.#pending?.takeDue(nowMs) ?? [];
    return due.map((held) => ({ datagram: held.datagram, verdict: this.#releaseOne(held, nowMs) }));
  }

  /** When {@link release} has something to do next; undefined while nothing is held back. */
  get nextReleaseAtMs(): number | undefined {
    return this.#pending?.nextDueAtMs;
  }

  /** Whether a confirmed session has either player at this address. */
  isKnown(source: PlayerAddress): boolean {
    return this.#sessions.isKnown(0, source) || this.#sessions.isKnown(1, source);
  }

  /** Whether a session or an initiation that waits for its answer goes by this index. */
  hasIndex(index: number): boolean {
    return this.#pending?.get(index) !== undefined || this.#sessions.find(index) !== undefined;
  }

  /** When anything of a session last passed; at first, when the pair was opened. */
  get lastHeardAtMs(): number {
    return Math.max(this.#openedAtMs, this.#sessions.lastHeardAtMs);
  }

  /** Where each player's confirmed sessions have it; changes only when {@link addressRevision} does. */
  observedAddresses(): PerSide<PlayerAddress | undefined> {
    return [this.#sessions.latestAddress(0), this.#sessions.latestAddress(1)];
  }

  /** Counts the moves of players and the confirmations of sessions. */
  get addressRevision(): number {
    return this.#addressRevision;
  }

  /** Forgets all that is between such addresses and others. */
  forgetAddresses(isRefused: (address: PlayerAddress) => boolean): void {
    this.#sessions.forgetAddresses(isRefused);
    this.#initiators.forgetAddresses(isRefused);
    this.#pending?.forgetAddresses(isRefused);
  }

  /** Forgets what has become useless; to be called every few seconds. */
  expire(nowMs: number): void {
    this.#sessions.expire(nowMs);
    this.#keepHere(
      this.#sessions.offloaded().filter((session) => session.isIdle(nowMs) || !session.isProven(nowMs)),
      nowMs,
    );
    this.#initiators.expire(nowMs - initiatorLifetimeMs, nowMs);
    this.#pending?.expire(nowMs);
    if (this.#pending?.isEmpty) this.#pending = undefined;
    // What the kernel carries is told afterwards, and was within the rate only if the buckets have been there meanwhile.
    if (this.#sessions.offloaded().length > 0) return;
    if (this.#packets?.isFull(nowMs) && this.#bytes?.isFull(nowMs)) this.#packets = this.#bytes = undefined;
  }

  /** Sizes of what grows with traffic, all bounded. */
  get memory(): { sessions: number; sent: number; held: number; initiators: number; tried: number } {
    const { sent, held } = this.#pending?.size ?? { sent: 0, held: 0 };
    return { sessions: this.#sessions.size, sent, held, ...this.#initiators.size };
  }

  #senderByMac1(datagram: Buffer, type: HandshakeType): Side | undefined {
    if (isMeantFor(this.#toFirst, datagram, type)) return 1;
    return isMeantFor(this.#toSecond, datagram, type) ? 0 : undefined;
  }

  /** Where the other player may be, best guess first, the sender's own address left out. */
  #destinations(from: Side, source: PlayerAddress): PlayerAddress[] {
    const to = otherSide(from);
    const all = [...this.#sessions.addresses(to, source), ...this.#initiators.addressesNewestFirst(to)];
    return all.filter(
      (address, place) =>
        !isSameSocket(address, source) && all.findIndex((one) => isSameAddress(one, address)) === place,
    );
  }

  #send(datagram: Buffer, initiation: Initiation, nowMs: number): PlayerAddress {
    this.#pending ??= new PendingInitiations();
    this.#pending.add(senderIndex(datagram), initiation, nowMs);
    return initiation.destination;
  }

  #releaseOne(held: HeldInitiation, nowMs: number): Verdict {
    const { from, source, destination, datagram, heldAtMs } = held;
    const addresses = from === 0 ? ([source, destination] as const) : ([destination, source] as const);
    if (this.#sessions.wasAnswered(addresses, heldAtMs)) return 'glare';
    if (this.hasIndex(senderIndex(datagram))) return 'index_in_use';
    return this.#send(datagram, { from, source, destination }, nowMs);
  }

  /** A response asks for an answer too: as if its sender had initiated towards the other end of its session. */
  #askedByResponse(index: number): Initiation | undefined {
    const session = this.#sessions.find(index);
    const from = session?.sideOf(index);
    if (!session || from === undefined) return undefined;
    const [asker, asked] = [session.end(from), session.end(otherSide(from))];
    return { from, source: asker.address, destination: asked.address };
  }

  #takeCookie(index: number): boolean {
    if (this.#pending?.get(index)) return this.#pending.takeCookie(index);
    const session = this.#sessions.find(index);
    const side = session?.sideOf(index);
    return session !== undefined && side !== undefined && session.end(side).takeCookie();
  }

  #refusal(receiver: End, datagram: Buffer, nowMs: number): DropReason | undefined {
    const { unprovenRecipient } = this.#limits;
    if (!receiver.admits(datagram.length, unprovenRecipient, nowMs)) return 'recipient_unproven';
    return this.#hasRoomFor(datagram, nowMs) ? undefined : 'pair_traffic_limited';
  }

  #hasRoomFor({ length }: Buffer, nowMs: number): boolean {
    return this.#packetBucket(nowMs).take(1, nowMs) && this.#byteBucket(nowMs).take(length, nowMs);
  }

  #packetBucket(nowMs: number): TokenBucket {
    return (this.#packets ??= new TokenBucket(this.#limits.pairPackets, nowMs));
  }

  #byteBucket(nowMs: number): TokenBucket {
    return (this.#bytes ??= new TokenBucket(this.#limits.pairBytes, nowMs));
  }

  #move(session: Session, nowMs: number): void {
    this.#addressRevision++;
    this.#keepHere([session], nowMs + reorderingMs);
  }

  /** Sessions that come later are no way around it. */
  #limit(untilMs: number): void {
    this.#limitedUntilMs = Math.max(this.#limitedUntilMs, Math.ceil(untilMs));
    this.#keepHere(this.#sessions.offloaded(), neverMs);
  }

  #keepHere(sessions: readonly Session[], untilMs: number): void {
    for (const session of sessions) if (session.keepHere(untilMs)) this.#offloadRevision++;
  }

  #confirm(session: Session): void {
    session.confirmed = true;
    this.#addressRevision++;
    this.#settle(session);
  }

  #settle({ ends }: Session): void {
    this.#initiators.settle(0, ends[0].address);
    this.#initiators.settle(1, ends[1].address);
  }
}
