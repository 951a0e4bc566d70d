import type { Nodes } from '../../cluster/cluster';
import type { SocketPlace } from '../agents/presence';
import type { NodeCalls, Payload } from '../../leader-client/contract';

/** How much longer than the relay itself the node may take that holds its socket. */
const NODE_GRACE_MS = 500;

/** A relay's connection to one of the nodes, as the leader holds it. */
export class RelayLink {
  constructor(
    private readonly nodes: Nodes,
    private readonly place: SocketPlace,
  ) {}

  get nodeId(): string {
    return this.place.nodeId;
  }

  get socketId(): string {
    return this.place.socketId;
  }

  /** @returns the relay's answer @throws Error without one in time */
  command(event: string, payload: object, timeoutMs: number): Promise<unknown> {
    const { nodeId, socketId } = this.place;
    const command: Payload<NodeCalls, 'relay.command'> = { socketId, event, payload, timeoutMs };
    return this.nodes.ask(nodeId, 'relay.command', command, timeoutMs + NODE_GRACE_MS);
  }

  /** Ends the connection; the relay dials anew. */
  close(): void {
    const { nodeId, socketId } = this.place;
    this.nodes.tell(nodeId, 'relay.dismissed', { socketId });
  }
}
