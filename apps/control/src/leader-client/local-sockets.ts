import { Injectable } from '@nestjs/common';
import type { Namespace, Socket } from 'socket.io';
import type { Presence } from '#shared/api/party';
import type { PeerId } from '#shared/party/identity';
import type { Serve } from '../cluster/cluster';
import { dispatch } from './calls';
import { nodeCalls, type ConnectedAgent, type NodeCalls } from './contract';

/** What a node remembers of an agent that is connected to it. */
export interface AgentSocketData {
  peerId: PeerId;
  /** What it said of its network last; null until it has. */
  presence: Presence | null;
  /** When it connected, by the node's monotonic clock. */
  connectedAtMs: number;
}

/** The sockets of this node, as the leader uses them. */
@Injectable()
export class LocalSockets {
  private agentNamespace: Namespace | null = null;
  private relayNamespace: Namespace | null = null;

  /** Called by the gateways once they listen. */
  attachAgents(namespace: Namespace): void {
    this.agentNamespace = namespace;
  }

  attachRelays(namespace: Namespace): void {
    this.relayNamespace = namespace;
  }

  readonly serve: Serve = (name, payload) => dispatch(this.calls, nodeCalls, name, payload);

  agents(): ConnectedAgent[] {
    const nowMs = performance.now();
    return this.agentSockets().map(({ id, data }) => {
      const { peerId, presence, connectedAtMs } = data as AgentSocketData;
      return { socketId: id, peerId, presence, ageMs: nowMs - connectedAtMs };
    });
  }

  /** Whether that agent's socket is still there. */
  has(socketId: string): boolean {
    return this.agentNamespace?.sockets.has(socketId) ?? false;
  }

  get agentCount(): number {
    return this.agentNamespace?.sockets.size ?? 0;
  }

  /** Tells agents that their keys are banned, and closes their connections. */
  dismissBanned(peerIds: readonly PeerId[]): void {
    const banned = new Set(peerIds);
    for (const socket of this.agentSockets()) {
      if (banned.has((socket.data as AgentSocketData).peerId)) dismiss(socket, 'session.banned');
    }
  }

  /** Has some of the agents connect again, to another node if there is one. */
  sendAway(most: number): void {
    for (const socket of this.agentSockets().slice(0, most)) socket.conn.close();
  }

  /** Has the relays dial, and announce what they have, again. */
  redialRelays(): void {
    for (const socket of this.relayNamespace?.sockets.values() ?? []) socket.conn.close();
  }

  private readonly calls: NodeCalls = {
    agents: {
      emit: ({ socketIds, event, payload }) => {
        this.agentNamespace?.in([...socketIds]).emit(event, payload);
      },
      replaced: ({ socketId }) => {
        const socket = this.agentNamespace?.sockets.get(socketId);
        if (socket) dismiss(socket, 'session.replaced');
      },
    },
    relays: {
      command: async ({ socketId, event, payload, timeoutMs }) => {
        const socket = this.relayNamespace?.sockets.get(socketId);
        if (!socket) throw new Error('the relay is not connected here any more');
        return (await socket.timeout(timeoutMs).emitWithAck(event, payload)) as unknown;
      },
      dismissed: ({ socketId }) => {
        this.relayNamespace?.sockets.get(socketId)?.disconnect(true);
      },
    },
  };

  private agentSockets(): Socket[] {
    return [...(this.agentNamespace?.sockets.values() ?? [])];
  }
}

/** Closes a connection for good: the agent does not come back by itself. */
function dismiss(socket: Socket, reason: 'session.replaced' | 'session.banned'): void {
  socket.emit(reason, {});
  socket.disconnect(true);
}
