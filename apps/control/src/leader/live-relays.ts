import { Logger } from '@nestjs/common';
import type { ServerInfo } from '#shared/api/rest';
import type { FaultyRelay } from '#shared/api/stats';
import { LanrageError } from '#shared/errors';
import type { Nodes } from '../cluster/cluster';
import type { PartyStore } from '../parties/membership/party.store';
import { compare } from './relays/audit';
import { largestCarried } from './relays/carried';
import { NameClaims } from './relays/name-claims';
import { faultOf } from './relays/reach';
import { MAX_RELAYS, type Relay, type RelayRegistry } from './relays/registry';
import type { RelayCare } from './relays/relay-care';
import { RelayLink } from './relays/relay-link';
import type { RelaySessions } from './relays/sessions';
import type { DirectPaths } from './paths/direct-paths';
import type { PresenceBook } from './agents/presence';
import type {
  AdmittedRelay,
  LinkedRelay,
  ListedRelay,
  RelayCalls,
  RelayReport,
  SocketPlace,
} from '../leader-client/contract';
import { hasCapacity, hasRoom } from '../model/relay-facts';
import type { LiveParties } from './parties/live-parties';

const LIST_WITHIN_MS = 5000;
/** How long the link that has a name may take to answer when another one wants it. */
const NAME_HELD_WITHIN_MS = 2000;

/** What relays say: which are there, what they have open, what they see. */
export class LiveRelays implements RelayCalls {
  private readonly logger = new Logger('relays');
  private readonly claims = new NameClaims();

  constructor(
    private readonly nodes: Nodes,
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly presence: PresenceBook,
    private readonly directPaths: DirectPaths,
    private readonly parties: LiveParties,
    private readonly store: PartyStore,
    private readonly care: RelayCare,
    private readonly maxPeers: number,
  ) {}

  /**
   * A link that answers keeps its name; one that does not, such as half of a broken connection, is ended. Of several who
   * dial for its name, the first one has it.
   */
  async reserve({ relayId, socketId }: LinkedRelay): Promise<void> {
    if (!this.claims.claim(relayId, socketId, performance.now())) throw new LanrageError('RELAY_NAME_TAKEN');
    await this.assertFree(relayId).catch((error: unknown) => {
      this.claims.take(relayId, socketId);
      throw error;
    });
  }

  private async assertFree(relayId: string): Promise<void> {
    const link = this.registry.get(relayId)?.link;
    if (!link) return this.assertPlace(relayId);
    const answers = await link.command('pairs.close', { pairIds: [] }, NAME_HELD_WITHIN_MS).then(
      () => true,
      () => false,
    );
    if (answers) throw new LanrageError('RELAY_NAME_TAKEN');
    link.close();
  }

  /** @throws LanrageError RATE_LIMITED when there is no place for one more relay of this name */
  private assertPlace(relayId: string): void {
    if (this.registry.canTake(relayId)) return;
    const message = `The control plane knows ${MAX_RELAYS} relays already. Give relays names that stay: LANRAGE_RELAY_ID.`;
    throw new LanrageError('RATE_LIMITED', { message });
  }

  connected({ relay: admitted, place }: { relay: AdmittedRelay; place: SocketPlace }): void {
    const { relayId } = admitted.announced;
    const link = new RelayLink(this.nodes, place);
    // Another leader let it in, or so long ago that somebody else may have the name: it is to dial anew.
    if (!this.claims.take(relayId, link.socketId)) throw new LanrageError('CONTROL_UNAVAILABLE');
    this.assertPlace(relayId);
    const nowMs = performance.now();
    const relay = this.registry.connect(admitted, link, nowMs);
    this.logger.log({ relayId, region: relay.region, unproven: admitted.unproven }, 'relay connected');
    this.care.greet(relay, nowMs);
  }

  /** Now that it is known where the relay is, it says what it has open. */
  seen({ transactionId, ...from }: RelayReport<'address.seen'>): void {
    const relay = this.linked(from);
    if (!this.care.addressProofs.seen(relay, transactionId)) return;
    relay.awaySinceMs = null;
    this.logger.log({ relayId: relay.id, publicAddress: relay.publicAddress }, 'relay is at its address');
    this.list(relay);
  }

  disconnected({ relayId, socketId }: LinkedRelay): void {
    if (this.registry.disconnect(relayId, socketId, performance.now()))
      this.logger.warn({ relayId }, 'relay disconnected');
  }

  async announced({ pairs, final, ...from }: RelayReport<'pairs.announce'>): Promise<string[]> {
    const relay = this.linked(from);
    const { link } = relay;
    this.charge(relay, pairs.length);
    // It is asked again as soon as its address is proven; until then nobody is sent there.
    if (relay.unproven.size > 0) return [];
    const members = await this.store.membersOf(this.sessions.unknownParties(pairs));
    // What a former connection announced says nothing about this one.
    if (relay.link !== link) throw new LanrageError('CONTROL_UNAVAILABLE');
    const partyOf = new Map(members.map(({ peerId, partyId }) => [peerId, partyId]));
    const close = this.sessions.adopt(relay, pairs, partyOf);
    // The answer first: ports that it frees can then be used again.
    if (final) setImmediate(() => this.ready(relay));
    return close;
  }

  async observed({ observations, ...from }: RelayReport<'pairs.observed'>): Promise<void> {
    const relay = this.linked(from);
    this.charge(relay, observations.length);
    if (relay.unproven.size > 0) return;
    const moved = observations.flatMap(({ pairId, publicKey, endpoint }) => {
      const peerId = this.sessions.observedPeer(relay, pairId, publicKey);
      return peerId && this.presence.observe(peerId, endpoint) ? [peerId] : [];
    });
    this.directPaths.observed(new Set(observations.map(({ pairId }) => pairId)));
    for (const peerId of new Set(moved)) await this.parties.tellPresence(peerId);
  }

  /** A relay that has other pairs open than it should is asked for the list of them. */
  load(report: RelayReport<'load'>): void {
    const relay = this.linked(report);
    const { pairs: reported, packetsPerSecond, bytesPerSecond, eventLoopDelayMs = null } = report;
    Object.assign(relay, { packetsPerSecond, bytesPerSecond, eventLoopDelayMs });
    const { audit, isDue } = compare(
      relay.audit,
      { reported, noted: this.sessions.countOn(relay) },
      performance.now(),
    );
    relay.audit = audit;
    if (isDue && relay.ready) this.list(relay);
  }

  private list(relay: Relay): void {
    relay.link?.command('pairs.list', {}, LIST_WITHIN_MS).catch((error: unknown) => {
      this.logger.warn({ relayId: relay.id, err: error }, 'relay did not list its pairs');
    });
  }

  drain({ withinMs, ...from }: RelayReport<'drain'>): boolean {
    const relay = this.linked(from);
    relay.draining = true;
    relay.stopping = true;
    relay.drain = { stopsAtMs: performance.now() + withinMs, withinMs };
    this.logger.log({ relayId: relay.id, pairs: relay.pairs, withinMs }, 'relay drains');
    return this.registry.all().some(hasRoom);
  }

  carried(): number {
    return largestCarried(this.registry.all().filter(hasCapacity));
  }

  faults(): FaultyRelay[] {
    return this.registry.all().flatMap((relay) => {
      const fault = relay.link && faultOf(relay);
      const { id, publicAddress, reach } = relay;
      return fault ? [{ id, publicAddress, fault, ...reach }] : [];
    });
  }

  described(): ServerInfo['relays'] {
    return this.registry.describe();
  }

  drained({ relayIds }: { relayIds: readonly string[] }): void {
    this.registry.setDrained(new Set(relayIds));
  }

  listed(): ListedRelay[] {
    return this.registry.all().map((relay) => listed(relay, this.registry.isDrained(relay.id)));
  }

  /** The nodes' links to relays end with them. */
  nodeGone(nodeId: string): void {
    for (const { id, link } of this.registry.all()) {
      if (link?.nodeId === nodeId) this.disconnected({ relayId: id, socketId: link.socketId });
    }
  }

  /** @throws LanrageError for a connection that the leader does not know, or knows no more: the relay is to dial anew */
  private linked({ relayId, socketId }: LinkedRelay): Relay {
    const relay = this.registry.linked(relayId, socketId);
    if (!relay) throw new LanrageError('CONTROL_UNAVAILABLE');
    return relay;
  }

  /** @throws LanrageError RATE_LIMITED for one that speaks of more pairs than any relay has */
  private charge({ words }: Relay, pairs: number): void {
    if (!words.take(Math.max(1, pairs), performance.now())) throw new LanrageError('RATE_LIMITED');
  }

  private ready(relay: Relay): void {
    this.sessions
      .ready(relay)
      .catch((error: unknown) => this.logger.error({ err: error }, 'relay could not be prepared'));
    const relayed = this.carried();
    if (relayed < this.maxPeers)
      this.logger.warn(
        { relayed, allowed: this.maxPeers },
        'parties may be larger than the relays carry: in those, some players need a direct path. Add relays or ports, or set LANRAGE_PARTY_MAX_PEERS to what they carry',
      );
  }
}

function listed(relay: Relay, drained: boolean): ListedRelay {
  const { id, region, ready, draining, stopping, dead, answering, awaySinceMs } = relay;
  const { pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs } = relay;
  const state = { id, region, ready, draining, stopping, drained, dead, answering, awaySinceMs };
  const unproven = [...relay.unproven];
  const ways = { publicAddress: relay.publicAddress, fault: relay.link && faultOf(relay), unproven };
  return { ...state, ...ways, pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs };
}
