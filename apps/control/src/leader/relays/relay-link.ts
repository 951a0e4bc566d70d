import type { Nodes } from '../../cluster/cluster';
import { remote, type Asked, type Told } from '../../leader-client/calls';
import type { NodeCalls, SocketPlace } from '../../leader-client/contract';

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
    const node = remote<Asked<NodeCalls>>((name, question) =>
      this.nodes.ask(nodeId, name, question, timeoutMs + NODE_GRACE_MS),
    );
    return node.relays.command({ socketId, event, payload, timeoutMs });
  }

  /** Ends the connection; the relay dials anew. */
  close(): void {
    const { nodeId, socketId } = this.place;
    const node = remote<Told<NodeCalls>>((name, news) => this.nodes.tell(nodeId, name, news));
    node.relays.dismissed({ socketId });
  }
}
