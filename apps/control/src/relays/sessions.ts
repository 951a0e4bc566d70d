import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { RelaySession } from '#shared/api/party';
import type { OpenPair } from '#shared/api/relay-link';
import { formatEndpoint } from '#shared/endpoint';
import { peerIdOf, type PartyId, type PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { groupBy } from '../operations/lists';
import type { PartyRecord } from '../parties/party';
import { AgentSockets } from '../signaling/agent-sockets';
import { closeOnRelay, openOnRelay } from './commands';
import { changesByViewer, newPair, pairIdOf, partyOfPair, sessionOf, type Pair } from './pair';
import { RelayRegistry, type Relay } from './registry';
import { chooseRelay, needsAnotherRelay } from './selection';

/** How long a join waits for the relay; an answer that comes later is pushed. */
const PATIENCE_MS = 400;

/**
 * Which pairs exist and where they are relayed. Known to this process alone: after a restart it comes back from what
 * the relays announce and from the members that reconnect.
 */
@Injectable()
export class RelaySessions {
  private readonly logger = new Logger('relays');
  private readonly pairs = new Map<string, Pair>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sockets: AgentSockets,
  ) {}

  get count(): number {
    return this.pairs.size;
  }

  /** Where either of the two reaches the other, or null while no relay has answered for them. */
  between(partyId: PartyId, one: PeerId, other: PeerId): RelaySession | null {
    const pair = this.pairOf(partyId, one, other);
    return pair && sessionOf(pair);
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
    return party.members
      .filter((member) => member !== self)
      .map((other) => this.keep(newPair(party.id, self, other)));
  }

  /** Opens what is missing between this member and the others; waits for the relays, but not for long. */
  async open(party: PartyRecord, peerId: PeerId): Promise<void> {
    const missing = this.expect(party, peerId).filter((pair) => pair.relayId === null && !pair.opening);
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
    const closed = ids.flatMap((id) => this.pairs.get(id) ?? []);
    for (const [relayId, pairs] of groupBy(closed, (pair) => pair.relayId)) {
      const socket = this.relay(relayId)?.socket;
      if (!socket) continue;
      closeOnRelay(socket, pairs).catch((error: unknown) => {
        this.logger.warn({ relayId, err: error }, 'relay did not close pairs');
      });
    }
    for (const pair of closed) {
      this.place(pair, null);
      this.pairs.delete(pair.pairId);
    }
  }

  /** Finds relays for the pairs that have none, or whose relay has been out of touch for too long. */
  async assignStranded(nowMs: number): Promise<void> {
    if (chooseRelay(this.registry.all()) === null) return;
    const stranded = [...this.pairs.values()].filter(
      (pair) => !pair.opening && needsAnotherRelay(this.relay(pair.relayId), nowMs),
    );
    this.tellPeers(await this.assign(stranded));
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
      if (!pair || (pair.relayId !== null && pair.relayId !== relay.id)) continue;
      this.place(pair, relay);
      if (this.settle(pair, relay, open.port)) changed.push(pair);
      relay.confirmed.add(pair.pairId);
    }
    this.tellPeers(changed);
    return announced.map(({ pairId }) => pairId).filter((pairId) => !relay.confirmed.has(pairId));
  }

  /** The relay has announced all it has: opens again what it should have besides. */
  async ready(relay: Relay): Promise<void> {
    relay.ready = true;
    const lost = [...this.pairs.values()].filter(
      (pair) => pair.relayId === relay.id && !relay.confirmed.has(pair.pairId),
    );
    relay.confirmed.clear();
    this.tellPeers(await this.openOn(relay, lost));
  }

  /** Whose address a relay's report is about; null unless the relay carries that pair. */
  observedPeer(relay: Relay, pairId: string, publicKey: PublicKey): PeerId | null {
    const pair = this.pairs.get(pairId);
    return pair?.relayId === relay.id && pair.players.includes(publicKey) ? peerIdOf(publicKey) : null;
  }

  /** @returns the pairs whose session changed */
  private async assign(pairs: readonly Pair[]): Promise<Pair[]> {
    for (const pair of pairs) {
      const relayId = chooseRelay(this.registry.all());
      if (relayId !== null) this.place(pair, this.relay(relayId));
    }
    const byRelay = groupBy(pairs, (pair) => pair.relayId);
    const opened = [...byRelay].map(async ([relayId, assigned]) => {
      const relay = this.relay(relayId);
      return relay?.ready ? this.openOn(relay, assigned) : [];
    });
    return (await Promise.all(opened)).flat();
  }

  /** @returns the pairs whose session changed */
  private async openOn(relay: Relay, pairs: readonly Pair[]): Promise<Pair[]> {
    const { socket } = relay;
    if (!socket || pairs.length === 0) return [];
    for (const pair of pairs) pair.opening = true;
    const ports = await openOnRelay(socket, pairs).catch((error: unknown) => {
      this.logger.warn({ relayId: relay.id, err: error }, 'relay did not answer');
      return null;
    });
    for (const pair of pairs) pair.opening = false;
    // A relay that reconnected meanwhile has announced what became of these.
    if (relay.socket !== socket) return [];
    return pairs
      .filter((pair) => this.pairs.get(pair.pairId) === pair && pair.relayId === relay.id)
      .filter((pair) => (ports ? this.settle(pair, relay, ports.get(pair.pairId)) : this.giveUp(pair)));
  }

  /** Notes where the relay has the pair, or that it refused. @returns whether that is news */
  private settle(pair: Pair, relay: Relay, port: number | undefined): boolean {
    const before = pair.endpoint;
    if (port === undefined) this.place(pair, null);
    else pair.endpoint = formatEndpoint({ address: relay.publicAddress, port });
    return pair.endpoint !== before;
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
    pair.relayId = relay?.id ?? null;
  }

  private keep(pair: Pair): Pair {
    const known = this.pairs.get(pair.pairId);
    if (!known) this.pairs.set(pair.pairId, pair);
    return known ?? pair;
  }

  private restore(open: OpenPair, partyOf: ReadonlyMap<PeerId, PartyId>): Pair | null {
    const partyId = partyOfPair(open);
    const [one, other] = open.players.map((publicKey) => ({ publicKey, peerId: peerIdOf(publicKey) }));
    if (!partyId || !one || !other) return null;
    const together = partyOf.get(one.peerId) === partyId && partyOf.get(other.peerId) === partyId;
    return together ? this.keep(newPair(partyId, one, other)) : null;
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
