import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RelayRefusal, RelaySession } from '#shared/api/party';
import type { OpenPair } from '#shared/api/relay-link';
import { formatEndpoint } from '#shared/endpoint';
import { peerIdOf, type PartyId, type PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { unixMs } from '../../util/clock';
import { groupBy, inParts } from '../../util/lists';
import type { PartyRecord } from '../../model/party';
import type { AgentSockets } from '../agents/agent-sockets';
import type { PresenceBook } from '../agents/presence';
import { closeOnRelay, openOnRelay } from './commands';
import { Lingering } from './lingering';
import {
  arePresentSince,
  changesByViewer,
  newPair,
  pairIdOf,
  partyOfPair,
  restoredPair,
  sessionOf,
  type Pair,
} from './pair';
import { PairBook } from './pair-book';
import type { Relay, RelayRegistry } from './registry';
import { RelayRoom } from './relay-room';
import { measuredSumsMs, needsAnotherRelay, placeTogether, type PairRoundTrips } from './selection';

/** How long a join waits for the relay; an answer that comes later is pushed. */
const PATIENCE_MS = 400;
/** After a start, pairs that relays still have are announced first; only then new ones are opened in their place. */
const SETTLING_MS = 5000;
/** How long a pair that has moved stays open where it was: longer than both agents take to hear of it. */
const LINGER_MS = 5000;
/** The pairs of a dead relay come to the others over this time, not all at once. */
const RESCUE_MS = 1500;
const RESCUES_AT_ONCE = 250;
const nothingMeasured: ReadonlyMap<string, number | null> = new Map();

/** A pair that is to be on another relay. */
export interface MoveOrder {
  readonly pair: Pair;
  readonly to: string;
}

/**
 * Which pairs exist and where they are relayed. Known to the leader alone: a new one learns it from what the relays
 * announce and from the members that are connected.
 *
 * The file is long because each change of a pair has to keep three in step: the book of pairs, the relays and what players were
 * told. What can be decided without them is in pair.ts, selection.ts, shares.ts and relay-room.ts.
 */
export class RelaySessions {
  private readonly logger = new Logger('relays');
  private readonly pairs = new PairBook();
  private readonly room: RelayRoom;
  private readonly lingering = new Lingering();
  /** When the term began, by the node's monotonic clock. */
  private readonly startedAtMs = performance.now();
  /** Unix milliseconds, as members' times are. */
  private readonly startedAt = unixMs();
  /** Pairs that got their relay before both players had measured it. */
  private readonly guessed = new WeakSet<Pair>();
  /** The relay that had no port for a pair, which another one may have. */
  private readonly refusedBy = new WeakMap<Pair, string>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sockets: AgentSockets,
    private readonly presence: PresenceBook,
  ) {
    this.room = new RelayRoom(registry, this.pairs);
  }

  get count(): number {
    return this.pairs.size;
  }

  /** Whether relays may not have had the time yet to say what they have open. */
  isSettling(nowMs: number): boolean {
    return nowMs - this.startedAtMs < SETTLING_MS;
  }

  pairsOf(peerId: PeerId): Pair[] {
    return this.pairs.of(peerId);
  }

  /** The pairs on a relay that could be moved away. */
  pairsOn(relayId: string): Pair[] {
    return this.pairs.on(relayId).filter((pair) => !pair.opening);
  }

  /** What the two players of a pair have measured. */
  roundTripsOf({ peers: [one, other] }: Pair): PairRoundTrips {
    const of = (peerId: PeerId) => this.presence.measured(peerId)?.roundTripsMs ?? nothingMeasured;
    return [of(one), of(other)];
  }

  /** Whether the pair's relay was a guess that nobody has checked yet. */
  isGuessed(pair: Pair): boolean {
    return this.guessed.has(pair);
  }

  /** Now it has been checked. */
  confirm(pair: Pair): void {
    this.guessed.delete(pair);
  }

  /** Where either of the two reaches the other, or null while no relay has answered for them. */
  between(partyId: PartyId, one: PeerId, other: PeerId): RelaySession | null {
    const pair = this.pairOf(partyId, one, other);
    return pair && sessionOf(pair);
  }

  /** Why {@link between} has nothing; null when it has, or nothing has been decided yet. */
  refusalBetween(partyId: PartyId, one: PeerId, other: PeerId): RelayRefusal | null {
    return this.pairOf(partyId, one, other)?.refusal ?? null;
  }

  pair(pairId: string): Pair | null {
    return this.pairs.get(pairId) ?? null;
  }

  /** Null unless the two are in this party. */
  pairOf(partyId: PartyId, one: PeerId, other: PeerId): Pair | null {
    return this.pair(pairIdOf(partyId, one, other));
  }

  /** Notes that this member is to reach each other one; {@link assignStranded} finds relays for the pairs. */
  expect(party: PartyRecord, peerId: PeerId): Pair[] {
    const self = party.members.find((member) => member.peerId === peerId);
    if (!self) return [];
    this.room.note(party);
    return party.members
      .filter((member) => member !== self)
      .map((other) => this.pairs.keep(newPair(party.id, self, other)));
  }

  /** Opens what is missing between this member and the others; waits for the relays, but not for long. */
  async open(party: PartyRecord, peerId: PeerId): Promise<void> {
    const isRestored = this.isSettling(performance.now())
      ? arePresentSince(party, this.startedAt)
      : () => false;
    const missing = this.expect(party, peerId).filter(
      (pair) => pair.relayId === null && !pair.opening && !isRestored(pair),
    );
    if (missing.length === 0) return;
    let tooLate = false;
    const opened = this.assign(missing).then((changed) => {
      if (tooLate) this.tellPeers(changed);
    });
    await Promise.race([opened, sleep(PATIENCE_MS, undefined, { ref: false })]);
    tooLate = true;
  }

  /** Forgets the pairs of a member that left. */
  close(party: PartyRecord, peerId: PeerId): void {
    const ids = party.members.map((member) => pairIdOf(party.id, peerId, member.peerId));
    this.end(ids.flatMap((id) => this.pairs.get(id) ?? []));
  }

  /** Forgets the pairs of a member with others who are no members. */
  closeOthers(partyId: PartyId, peerId: PeerId, members: ReadonlySet<PeerId>): void {
    const isOver = (pair: Pair) => pair.partyId === partyId && !pair.peers.every((one) => members.has(one));
    this.end(this.pairs.of(peerId).filter(isOver));
  }

  /** Finds relays for the pairs that have none, or whose relay is dead or has been out of touch for too long. */
  async assignStranded(nowMs: number): Promise<void> {
    if (!this.registry.all().some(({ ready }) => ready)) return;
    const stranded = this.pairs
      .relayIds()
      .filter((relayId) => needsAnotherRelay(this.relay(relayId), nowMs))
      .flatMap((relayId) => this.pairs.on(relayId).filter((pair) => !pair.opening));
    const turns = inParts(stranded, Math.max(RESCUES_AT_ONCE, Math.ceil(stranded.length / 10)));
    for (const [turn, pairs] of turns.entries()) {
      if (turn > 0) await sleep(RESCUE_MS / turns.length, undefined, { ref: false });
      // Not awaited: a relay that is slow to answer must not hold up the others.
      void this.assign(pairs.filter((pair) => !pair.opening && this.isKnown(pair))).then((changed) =>
        this.tellPeers(changed),
      );
    }
  }

  /**
   * Opens pairs on other relays, tells the players, and leaves them open where they were for a while: a player who hears
   * of it later is still heard there.
   *
   * @returns those that have moved
   */
  async move(orders: readonly MoveOrder[], nowMs: number): Promise<Pair[]> {
    const byTarget = groupBy(orders, ({ to }) => to);
    const moved = [...byTarget].map(async ([relayId, group]) => {
      const relay = this.relay(relayId);
      const pairs = group.map(({ pair }) => pair).filter((pair) => !pair.opening && pair.relayId !== relayId);
      return relay ? this.moveTo(relay, pairs, nowMs) : [];
    });
    return (await Promise.all(moved)).flat();
  }

  /** Ends pairs on the relays that they left a while ago. */
  closeLingering(nowMs: number): void {
    this.closeOn(this.lingering.takeDue(nowMs));
  }

  /** How many pairs a relay should have open, those included that linger there or are being opened. */
  countOn(relay: Relay): number {
    return relay.pairs + this.lingering.countOn(relay.id);
  }

  /** The parties of the announced pairs that this process does not know of. */
  unknownParties(announced: readonly OpenPair[]): PartyId[] {
    const unknown = announced.filter(({ pairId }) => !this.pairs.has(pairId));
    return [...new Set(unknown.flatMap((pair) => partyOfPair(pair) ?? []))];
  }

  /**
   * Takes over what a relay has open, unless another one has the pair by now.
   *
   * @param partyOf the parties that members are in, for those of {@link unknownParties} at least
   * @returns the ids of the pairs that it is to close
   */
  adopt(relay: Relay, announced: readonly OpenPair[], partyOf: ReadonlyMap<PeerId, PartyId>): string[] {
    const changed: Pair[] = [];
    for (const open of announced) {
      const pair = this.pairs.get(open.pairId) ?? this.restore(open, partyOf);
      // A command is on its way that says where the pair is to be.
      const isUnderWay = relay.ready && (pair?.opening ?? false);
      if (isUnderWay || this.lingering.has(open.pairId, relay.id)) relay.confirmed.add(open.pairId);
      if (isUnderWay) continue;
      if (!pair || (pair.relayId !== null && pair.relayId !== relay.id)) continue;
      this.place(pair, relay);
      pair.lastAttempt ??= 'unknown';
      if (this.settle(pair, relay, open.port)) changed.push(pair);
      relay.confirmed.add(pair.pairId);
    }
    this.tellPeers(changed);
    return announced.map(({ pairId }) => pairId).filter((pairId) => !relay.confirmed.has(pairId));
  }

  /** The relay has announced all it has: opens again what it should have besides. */
  async ready(relay: Relay): Promise<void> {
    relay.ready = true;
    const lost = this.pairs.on(relay.id).filter((pair) => !pair.opening && !relay.confirmed.has(pair.pairId));
    relay.confirmed.clear();
    this.tellPeers(await this.openOn(relay, lost));
  }

  /** Whose address a relay's report is about; null unless the relay carries that pair. */
  observedPeer(relay: Relay, pairId: string, publicKey: PublicKey): PeerId | null {
    const pair = this.pairs.get(pairId);
    if (pair?.relayId !== relay.id || !pair.players.includes(publicKey)) return null;
    this.pairs.use(pair);
    return peerIdOf(publicKey);
  }

  /** Forgets pairs, also where they linger. */
  private end(closed: readonly Pair[]): void {
    this.closeOn([...closed, ...this.lingering.takeOf(new Set(closed.map(({ pairId }) => pairId)))]);
    for (const pair of closed) {
      this.place(pair, null);
      this.pairs.delete(pair);
    }
    this.room.forget(new Set(closed.map(({ partyId }) => partyId)));
  }

  /** @returns those of the pairs whose session changed, or the reason why they have none */
  private async assign(asking: readonly Pair[]): Promise<Pair[]> {
    const { granted: pairs, evicted, refused } = this.room.admit(asking);
    this.evict(evicted);
    const changed = asking.filter((pair) => this.refuse(pair, refused.get(pair) ?? null));
    const relayIds = placeTogether(
      this.registry.all(),
      pairs.map((pair) => this.wishesOf(pair)),
    );
    for (const [place, pair] of pairs.entries()) {
      const relay = this.relay(relayIds[place] ?? null);
      if (!relay) {
        if (this.refuse(pair, 'relays_full')) changed.push(pair);
        continue;
      }
      this.place(pair, relay);
      if (measuredSumsMs([relay], this.roundTripsOf(pair)).has(relay.id)) this.guessed.delete(pair);
      else this.guessed.add(pair);
    }
    const byRelay = groupBy(pairs, (pair) => pair.relayId);
    const opened = [...byRelay].map(async ([relayId, assigned]) => {
      const relay = this.relay(relayId);
      return relay?.ready ? this.openOn(relay, assigned) : [];
    });
    return [...new Set([...changed, ...(await Promise.all(opened)).flat()])];
  }

  /** Closes pairs that nothing went through, and tells their players. */
  private evict(pairs: readonly Pair[]): void {
    if (pairs.length === 0) return;
    this.logger.warn({ pairs: pairs.length }, 'unused pairs closed to make room for parties that have fewer');
    this.closeOn(pairs);
    for (const pair of pairs) {
      this.place(pair, null);
      pair.refusal = 'share_used_up';
    }
    this.tellPeers(pairs);
  }

  /** @returns whether that is news */
  private refuse(pair: Pair, refusal: RelayRefusal | null): boolean {
    const isNews = pair.refusal !== refusal;
    pair.refusal = refusal;
    return isNews && refusal !== null;
  }

  /** @returns the pairs whose session changed */
  private async openOn(relay: Relay, pairs: readonly Pair[]): Promise<Pair[]> {
    const { link } = relay;
    if (!link || pairs.length === 0) return [];
    for (const pair of pairs) pair.opening = true;
    const ports = await openOnRelay(link, pairs).catch((error: unknown) => {
      this.logger.warn({ relayId: relay.id, err: error }, 'relay did not answer');
      return null;
    });
    for (const pair of pairs) pair.opening = false;
    // A relay that reconnected meanwhile has announced what became of these.
    if (relay.link !== link) return [];
    const changed = pairs
      .filter((pair) => this.isKnown(pair) && pair.relayId === relay.id)
      .filter((pair) => (ports ? this.settle(pair, relay, ports.get(pair.pairId)) : this.giveUp(pair)));
    this.closeUnwanted(relay, pairs);
    return changed;
  }

  /** Players may have left, or pairs have got another relay, while the relay opened them. */
  private closeUnwanted(relay: Relay, pairs: readonly Pair[]): void {
    // By id: a player who left and came back has a new pair of the same name, which may be there by now.
    const unwanted = pairs.filter(
      ({ pairId }) => this.pairs.get(pairId)?.relayId !== relay.id && !this.lingering.has(pairId, relay.id),
    );
    this.closeOn(unwanted.map(({ pairId }) => ({ pairId, relayId: relay.id })));
  }

  /** @returns those that have moved */
  private async moveTo(relay: Relay, pairs: readonly Pair[], nowMs: number): Promise<Pair[]> {
    const { link } = relay;
    const taken = relay.ready ? pairs.slice(0, Math.max(0, relay.capacityPairs - relay.pairs)) : [];
    if (!link || taken.length === 0) return [];
    const from = new Map(taken.map((pair) => [pair, pair.relayId]));
    for (const pair of taken) pair.opening = true;
    relay.pairs += taken.length; // keeps the room
    const asNew = taken.map((pair) => ({ ...pair, endpoint: null }));
    const ports = await openOnRelay(link, asNew).catch((error: unknown) => {
      this.logger.warn({ relayId: relay.id, err: error }, 'relay did not answer');
      return new Map<string, number>();
    });
    relay.pairs -= taken.length;
    for (const pair of taken) pair.opening = false;
    const isStillWanted = (pair: Pair) => this.isKnown(pair) && pair.relayId === from.get(pair);
    const moved =
      relay.link === link ? taken.filter((pair) => ports.has(pair.pairId) && isStillWanted(pair)) : [];
    for (const pair of moved) {
      const left = pair.relayId;
      this.place(pair, relay);
      this.settle(pair, relay, ports.get(pair.pairId));
      if (left !== null) this.lingering.add(pair.pairId, left, nowMs + LINGER_MS);
    }
    this.tellPeers(moved);
    this.closeUnwanted(relay, taken);
    return moved;
  }

  /** Notes where the relay has the pair, or that it refused. @returns whether that is news */
  private settle(pair: Pair, relay: Relay, port: number | undefined): boolean {
    const before = pair.endpoint;
    if (port === undefined) {
      this.refusedBy.set(pair, relay.id);
      this.place(pair, null);
      return this.refuse(pair, 'relays_full') || before !== null;
    }
    pair.endpoint = formatEndpoint({ address: relay.publicAddress, port });
    pair.refusal = null;
    return pair.endpoint !== before;
  }

  /** The round trips by which a relay is chosen: as measured, but a relay that refused the pair comes last. */
  private wishesOf(pair: Pair): PairRoundTrips {
    const [one, other] = this.roundTripsOf(pair);
    const refusedBy = this.refusedBy.get(pair);
    return refusedBy === undefined ? [one, other] : [new Map(one).set(refusedBy, null), other];
  }

  /** Without an answer, a pair that was open may well be so still; another one is to be opened elsewhere. */
  private giveUp(pair: Pair): false {
    if (pair.endpoint === null) this.place(pair, null);
    return false;
  }

  /** Assigns a pair to a relay, or to none. */
  private place(pair: Pair, relay: Relay | null): void {
    const former = this.relay(pair.relayId);
    if (former) former.pairs -= 1;
    if (relay) relay.pairs += 1;
    if (former !== relay) pair.endpoint = null;
    this.pairs.place(pair, relay?.id ?? null);
    if (relay) this.lingering.cancel(pair.pairId, relay.id);
  }

  private closeOn(open: readonly Pick<Pair, 'pairId' | 'relayId'>[]): void {
    for (const [relayId, pairs] of groupBy(open, (pair) => pair.relayId)) {
      const link = this.relay(relayId)?.link;
      if (!link) continue;
      closeOnRelay(link, pairs).catch((error: unknown) => {
        this.logger.warn({ relayId, err: error }, 'relay did not close pairs');
      });
    }
  }

  private isKnown(pair: Pair): boolean {
    return this.pairs.get(pair.pairId) === pair;
  }

  private restore(open: OpenPair, partyOf: ReadonlyMap<PeerId, PartyId>): Pair | null {
    const pair = restoredPair(open, partyOf);
    return pair && this.pairs.keep(pair);
  }

  private relay(relayId: string | null): Relay | null {
    return relayId === null ? null : this.registry.get(relayId);
  }

  private tellPeers(pairs: readonly Pair[]): void {
    for (const { viewer, ...changes } of changesByViewer(pairs)) {
      this.sockets.deliver(viewer, 'relays.changed', changes);
    }
  }
}
