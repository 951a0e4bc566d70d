import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Presence } from '#shared/api/party';
import type { PeerId } from '#shared/party/identity';
import { groupBy, inParts } from '../util/lists';
import type { PartyStore } from '../parties/membership/party.store';
import type { RelayMoves } from './relays/moves';
import type { RelayRegistry } from './relays/registry';
import type { AgentSockets } from './agents/agent-sockets';
import type { Connection, PresenceBook } from './agents/presence';
import type { AgentCalls, Arrival, Introduction, SocketPlace } from '../leader-client/contract';
import type { Attendance } from '../model/party';
import type { LiveParties } from './parties/live-parties';

/** When a term begins, the nodes introduce their agents within that time; then these hear what they may have missed. */
const REFRESH_AFTER_MS = 1500;
const REFRESHED_AT_ONCE = 8;

/** Connections of agents as they come, go, and pass from an old leader to a new one. */
export class LiveAgents implements AgentCalls {
  private readonly logger = new Logger('signaling');
  private readonly unrefreshed = new Set<PeerId>();
  private refreshing: Promise<void> | null = null;
  private readonly stopped = new AbortController();

  constructor(
    private readonly presence: PresenceBook,
    private readonly sockets: AgentSockets,
    private readonly parties: LiveParties,
    private readonly registry: RelayRegistry,
    private readonly moves: RelayMoves,
    private readonly store: PartyStore,
  ) {}

  async connected({ peerId, place, ageMs }: Arrival): Promise<void> {
    const connection = connectionOf(place, ageMs);
    if (this.connect(peerId, connection)) await this.parties.welcome(peerId, connection);
  }

  async disconnected({ peerId, socketId }: { peerId: PeerId; socketId: string }): Promise<void> {
    if (!this.presence.disconnect(peerId, socketId, performance.now())) return;
    this.sockets.detach(peerId);
    await this.parties.tellPresence(peerId);
  }

  async declared({ peerId, presence }: { peerId: PeerId; presence: Presence }): Promise<string> {
    if (this.presence.declare(peerId, presence)) await this.parties.tellPresence(peerId);
    if (presence.relayRoundTripsMs)
      this.moves.measured(peerId, presence.relayRoundTripsMs, performance.now());
    return this.registry.describedVersion();
  }

  online({ peerIds }: { peerIds: readonly PeerId[] }): PeerId[] {
    return peerIds.filter((peerId) => this.presence.view(peerId).online);
  }

  attendance({ peerIds }: { peerIds: readonly PeerId[] }): Attendance[] {
    return peerIds.map((peerId) => this.presence.attendance(peerId, performance.now()));
  }

  /** Agents that are introduced have their snapshots, if not of late. */
  introduced({ nodeId, isFirst, agents }: Introduction): void {
    if (isFirst) this.forget(nodeId);
    for (const { peerId, socketId, ageMs, presence } of agents) {
      const connection = connectionOf({ nodeId, socketId }, ageMs);
      if (!this.connect(peerId, connection)) continue;
      this.sockets.attach(peerId, connection);
      if (presence) this.presence.hear(peerId, presence, performance.now());
      this.unrefreshed.add(peerId);
    }
    this.refreshSoon();
  }

  /** The node is gone: its agents are offline until they connect to another one, and others may have missed its last word. */
  nodeGone(nodeId: string): void {
    this.forget(nodeId);
    this.parties.doubtAll();
    for (const peerId of this.sockets.attachedPeers()) this.unrefreshed.add(peerId);
    this.refreshSoon();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.refreshing;
  }

  /** @returns false for a connection that is older than the one that speaks for the peer already */
  private connect(peerId: PeerId, connection: Connection): boolean {
    const current = this.presence.connectionOf(peerId);
    const isSame = current?.socketId === connection.socketId;
    if (current && !isSame && current.connectedAtMs > connection.connectedAtMs) {
      this.sockets.replace(connection);
      return false;
    }
    this.sockets.detach(peerId);
    this.presence.connect(peerId, connection);
    // The old connection is closed last, so that its end does not mark the peer offline.
    if (current && !isSame) this.sockets.replace(current);
    return true;
  }

  private forget(nodeId: string): void {
    for (const [peerId, socketId] of this.presence.connectedTo(nodeId)) {
      this.presence.disconnect(peerId, socketId, performance.now());
      this.sockets.detach(peerId);
    }
  }

  private refreshSoon(): void {
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = null;
    });
  }

  private async refresh(): Promise<void> {
    const { signal } = this.stopped;
    while (this.unrefreshed.size > 0) {
      await sleep(REFRESH_AFTER_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const due = [...this.unrefreshed];
      this.unrefreshed.clear();
      await this.refreshAll(due).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'agents that may have missed something not informed, will retry');
        for (const peerId of due) this.unrefreshed.add(peerId);
      });
    }
  }

  private async refreshAll(due: readonly PeerId[]): Promise<void> {
    const places = await this.store.partiesOf([...due]);
    const placed = new Set(places.map(({ peerId }) => peerId));
    const homeless = due.filter((peerId) => !placed.has(peerId));
    this.sockets.deliverToAll(homeless, 'party.snapshot', { party: null });
    const byParty = [...groupBy(places, ({ partyId }) => partyId)];
    for (const part of inParts(byParty, REFRESHED_AT_ONCE)) {
      if (this.stopped.signal.aborted) return;
      await Promise.all(
        part.map(([partyId, members]) =>
          this.parties.refresh(partyId, new Set(members.map(({ peerId }) => peerId))),
        ),
      );
    }
  }
}

/** Times a connection by the leader's clock: the clocks of nodes say nothing about each other. */
function connectionOf(place: SocketPlace, ageMs: number): Connection {
  return { ...place, connectedAtMs: performance.now() - ageMs };
}
