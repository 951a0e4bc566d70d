import { Logger } from '@nestjs/common';
import type { OpenPair, RelayHandshake } from '#shared/api/relay-link';
import { LanrageError } from '#shared/errors';
import type { PublicKey } from '#shared/wireguard/key';
import type { Endpoint } from '#shared/endpoint';
import type { PartyStore } from '../parties/party.store';
import type { Relay, RelayRegistry } from '../relays/registry';
import type { RelayLink } from '../relays/relay-link';
import { hasRoom } from '../relays/selection';
import type { RelaySessions } from '../relays/sessions';
import type { DirectPaths } from '../signaling/direct-paths';
import type { PresenceBook } from '../signaling/presence';
import type { ListedRelay } from './contract';
import type { LiveParties } from './live-parties';

interface Observation {
  readonly pairId: string;
  readonly publicKey: PublicKey;
  readonly endpoint: Endpoint;
}

/** What relays say: which are there, what they have open, what they see. */
export class LiveRelays {
  private readonly logger = new Logger('relays');

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly presence: PresenceBook,
    private readonly directPaths: DirectPaths,
    private readonly parties: LiveParties,
    private readonly store: PartyStore,
  ) {}

  /** @throws LanrageError RATE_LIMITED when there are too many, which several that dial at once may have missed */
  connected(handshake: RelayHandshake, link: RelayLink): void {
    if (!this.registry.canTake(handshake.relayId)) throw new LanrageError('RATE_LIMITED');
    const relay = this.registry.connect(handshake, link);
    this.logger.log({ relayId: relay.id, region: relay.region }, 'relay connected');
  }

  disconnected(relayId: string, socketId: string): void {
    if (this.registry.disconnect(relayId, socketId, Date.now()))
      this.logger.warn({ relayId }, 'relay disconnected');
  }

  /** @returns the ids of the pairs that it is to close */
  async announced(relay: Relay, pairs: readonly OpenPair[], final: boolean): Promise<string[]> {
    const { link } = relay;
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
    const moved = observations.flatMap(({ pairId, publicKey, endpoint }) => {
      const peerId = this.sessions.observedPeer(relay, pairId, publicKey);
      return peerId && this.presence.observe(peerId, endpoint) ? [peerId] : [];
    });
    this.directPaths.observed(new Set(observations.map(({ pairId }) => pairId)));
    for (const peerId of new Set(moved)) await this.parties.tellPresence(peerId);
  }

  /** @returns whether there are others that can take its pairs */
  drain(relay: Relay, withinMs: number): boolean {
    relay.draining = true;
    relay.stopping = true;
    relay.drain = { stopsAtMs: Date.now() + withinMs, withinMs };
    this.logger.log({ relayId: relay.id, pairs: relay.pairs, withinMs }, 'relay drains');
    return this.registry.all().some(hasRoom);
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

  private ready(relay: Relay): void {
    this.sessions
      .ready(relay)
      .catch((error: unknown) => this.logger.error({ err: error }, 'relay not made ready'));
  }
}

function listed(relay: Relay, drained: boolean): ListedRelay {
  const { id, region, ready, draining, stopping, dead, answering, awaySinceMs } = relay;
  const { pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs } = relay;
  const state = { id, region, ready, draining, stopping, drained, dead, answering, awaySinceMs };
  return { ...state, pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs };
}
