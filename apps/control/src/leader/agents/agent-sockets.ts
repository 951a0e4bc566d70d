import type { AgentEventName, AgentEvents } from '#shared/api/signaling';
import type { PeerId } from '#shared/party/identity';
import type { Nodes } from '../../cluster/cluster';
import { remote, type Told } from '../../leader-client/calls';
import type { NodeCalls, SocketPlace } from '../../leader-client/contract';
import { groupBy } from '../../util/lists';

/** How the leader reaches agents, whichever node they are connected to. */
export class AgentSockets {
  /** The peers that have their snapshot, on top of which they can understand events. */
  private readonly attached = new Map<PeerId, SocketPlace>();

  constructor(private readonly nodes: Nodes) {}

  /** Events for the peer go there from now on. */
  attach(peerId: PeerId, place: SocketPlace): void {
    this.attached.set(peerId, place);
  }

  detach(peerId: PeerId): void {
    this.attached.delete(peerId);
  }

  attachedPeers(): PeerId[] {
    return [...this.attached.keys()];
  }

  /** Sends to a peer if it is connected; one that is not gets a snapshot when it comes back. */
  deliver<Name extends AgentEventName>(peerId: PeerId, event: Name, payload: AgentEvents[Name]): void {
    this.deliverToAll([peerId], event, payload);
  }

  /** Sends one event to those of several peers that are connected. */
  deliverToAll<Name extends AgentEventName>(
    peerIds: readonly PeerId[],
    event: Name,
    payload: AgentEvents[Name],
  ): void {
    const connections = peerIds.flatMap((peerId) => this.attached.get(peerId) ?? []);
    for (const [nodeId, group] of groupBy(connections, (connection) => connection.nodeId)) {
      const socketIds = group.map(({ socketId }) => socketId);
      this.node(nodeId).agents.emit({ socketIds, event, payload });
    }
  }

  /** Ends a connection whose agent has a newer one. */
  replace({ nodeId, socketId }: SocketPlace): void {
    this.node(nodeId).agents.replaced({ socketId });
  }

  private node(nodeId: string): Told<NodeCalls> {
    return remote((name, payload) => this.nodes.tell(nodeId, name, payload));
  }
}
