import { Logger } from '@nestjs/common';
import type { z } from 'zod';
import type { OpenPair, relayReportSchemas } from '#shared/api/relay-link';
import type { FaultyRelay } from '#shared/api/stats';
import { LanrageError } from '#shared/errors';
import type { PublicKey } from '#shared/wireguard/key';
import type { Endpoint } from '#shared/endpoint';
import type { PartyStore } from '../parties/membership/party.store';
import type { AddressProofs } from './relays/address-proofs';
import { compare } from './relays/audit';
import { largestCarried } from './relays/carried';
import { NameClaims } from './relays/name-claims';
import { faultOf } from './relays/reach';
import type { Relay, RelayRegistry } from './relays/registry';
import type { RelayLink } from './relays/relay-link';
import type { AdmittedRelay } from '../gateways/relays/relay-sign-in';
import { hasCapacity, hasRoom } from './relays/selection';
import type { RelaySessions } from './relays/sessions';
import type { DirectPaths } from './paths/direct-paths';
import type { PresenceBook } from './agents/presence';
import type { ListedRelay } from '../leader-client/contract';
import type { LiveParties } from './parties/live-parties';

interface Observation {
  readonly pairId: string;
  readonly publicKey: PublicKey;
  readonly endpoint: Endpoint;
}

type Load = z.output<(typeof relayReportSchemas)['load']>;

const LIST_WITHIN_MS = 5000;
/** How long the link that has a name may take to answer when another one wants it. */
const NAME_HELD_WITHIN_MS = 2000;

/** What relays say: which are there, what they have open, what they see. */
export class LiveRelays {
  private readonly logger = new Logger('relays');
  private readonly claims = new NameClaims();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly presence: PresenceBook,
    private readonly directPaths: DirectPaths,
    private readonly parties: LiveParties,
    private readonly store: PartyStore,
    private readonly addressProofs: AddressProofs,
    private readonly maxPeers: number,
  ) {}

  /**
   * A link that answers keeps its name; one that does not, such as half of a broken connection, is ended. Of several who
   * dial for its name, the first one has it.
   *
   * @throws LanrageError RELAY_NAME_TAKEN
   */
  async fits(relayId: string, socketId: string): Promise<boolean> {
    if (!this.claims.claim(relayId, socketId, performance.now())) throw new LanrageError('RELAY_NAME_TAKEN');
    const fits = await this.isFree(relayId).catch((error: unknown) => {
      this.claims.take(relayId, socketId);
      throw error;
    });
    if (!fits) this.claims.take(relayId, socketId);
    return fits;
  }

  private async isFree(relayId: string): Promise<boolean> {
    const link = this.registry.get(relayId)?.link;
    if (!link) return this.registry.canTake(relayId);
    const answers = await link.command('pairs.close', { pairIds: [] }, NAME_HELD_WITHIN_MS).then(
      () => true,
      () => false,
    );
    if (answers) throw new LanrageError('RELAY_NAME_TAKEN');
    link.close();
    return true;
  }

  /** @throws LanrageError RATE_LIMITED when there are too many, which several that dial at once may have missed */
  connected(admitted: AdmittedRelay, link: RelayLink): void {
    const { relayId } = admitted.announced;
    // Another leader let it in, or so long ago that somebody else may have the name: it is to dial anew.
    if (!this.claims.take(relayId, link.socketId)) throw new LanrageError('CONTROL_UNAVAILABLE');
    if (!this.registry.canTake(relayId)) throw new LanrageError('RATE_LIMITED');
    const nowMs = performance.now();
    const relay = this.registry.connect(admitted, link, nowMs);
    this.logger.log({ relayId, region: relay.region, unproven: admitted.unproven }, 'relay connected');
    this.addressProofs.examine(relay, nowMs);
  }

  /** Now that it is known where the relay is, it says what it has open. */
  seen(relay: Relay, transactionId: string): void {
    if (!this.addressProofs.seen(relay, transactionId)) return;
    relay.awaySinceMs = null;
    this.logger.log({ relayId: relay.id, publicAddress: relay.publicAddress }, 'relay is at its address');
    this.list(relay);
  }

  disconnected(relayId: string, socketId: string): void {
    if (this.registry.disconnect(relayId, socketId, performance.now()))
      this.logger.warn({ relayId }, 'relay disconnected');
  }

  /** @returns the ids of the pairs that it is to close */
  async announced(relay: Relay, pairs: readonly OpenPair[], final: boolean): Promise<string[]> {
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

  async observed(relay: Relay, observations: readonly Observation[]): Promise<void> {
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
  load(relay: Relay, load: Load): void {
    const { pairs: reported, packetsPerSecond, bytesPerSecond, eventLoopDelayMs = null } = load;
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

  /** @returns whether there are others that can take its pairs */
  drain(relay: Relay, withinMs: number): boolean {
    relay.draining = true;
    relay.stopping = true;
    relay.drain = { stopsAtMs: performance.now() + withinMs, withinMs };
    this.logger.log({ relayId: relay.id, pairs: relay.pairs, withinMs }, 'relay drains');
    return this.registry.all().some(hasRoom);
  }

  /** The players of the largest party that all relays together carry. */
  largestParty(): number {
    return largestCarried(this.registry.all().filter(hasCapacity));
  }

  /** The relays in touch of which it is known that players do not reach them, and why. */
  faults(): FaultyRelay[] {
    return this.registry.all().flatMap((relay) => {
      const fault = relay.link && faultOf(relay);
      const { id, publicAddress, reach } = relay;
      return fault ? [{ id, publicAddress, fault, ...reach }] : [];
    });
  }

  listed(): ListedRelay[] {
    return this.registry.all().map((relay) => listed(relay, this.registry.isDrained(relay.id)));
  }

  /** The nodes' links to relays end with them. */
  nodeGone(nodeId: string): void {
    for (const { id, link } of this.registry.all()) {
      if (link?.nodeId === nodeId) this.disconnected(id, link.socketId);
    }
  }

  /** @throws LanrageError RATE_LIMITED for one that speaks of more pairs than any relay has */
  private charge({ words }: Relay, pairs: number): void {
    if (!words.take(Math.max(1, pairs), performance.now())) throw new LanrageError('RATE_LIMITED');
  }

  private ready(relay: Relay): void {
    this.sessions
      .ready(relay)
      .catch((error: unknown) => this.logger.error({ err: error }, 'relay not made ready'));
    const relayed = this.largestParty();
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
