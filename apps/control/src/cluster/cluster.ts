/**
 * The nodes of one server: processes of the control plane that share a database. One of them *leads*: it alone holds
 * what is known of agents, relays and pairs just now, which follows from what the nodes have connected and is written
 * nowhere. The others bring it what their sockets say, and hand out what it answers. A server of one node leads itself.
 */
import type { IRateLimiterOptions, RateLimiterAbstract } from 'rate-limiter-flexible';
import type { OneTimeStore } from './one-time';

export type NodeId = string;

/** What one node asks of another: by name, with a payload that survives JSON, and an answer that does. */
export type Serve = (name: string, payload: unknown) => unknown;

/** A node's time as the leader, from its election until it resigns, is replaced, or loses touch. */
export interface Term {
  readonly serve: Serve;
  /** Nothing was heard of that node for seconds: what it had connected is not connected any more. */
  nodeGone(nodeId: NodeId): void;
  /** Nothing begins by itself from now on; settles when what was under way by itself is over. May be called twice. */
  end(): Promise<void>;
}

/** What a node does for the others. */
export interface Duties {
  /** What the leader asks of this node. Messages come in the order in which they were sent. */
  readonly serve: Serve;
  /** This node leads from now on, knowing nothing yet. */
  lead(): Term;
  /** The leader knows nothing of what this node has connected, and has to be told. Repeated when it fails. */
  introduce(): Promise<void>;
}

/** What reaches a certain node. */
export type Nodes = Pick<Cluster, 'ask' | 'tell'>;

export interface Cluster {
  readonly nodeId: NodeId;
  /** Whether this node leads now. */
  readonly leads: boolean;
  /** Whether there is a leader, or was a few seconds ago, so that there is one again soon. */
  readonly isLed: boolean;
  /** Takes the duties up; calls can be made from now on. */
  start(duties: Duties): Promise<void>;
  /** Asks the node that leads by then. @throws LanrageError its own, or CONTROL_UNAVAILABLE while nobody leads */
  askLeader(name: string, payload: object): Promise<unknown>;
  /** Asks a certain node. @throws LanrageError CONTROL_UNAVAILABLE when another one does not answer within the time */
  ask(nodeId: NodeId, name: string, payload: object, timeoutMs: number): Promise<unknown>;
  /** Tells a certain node, after everything that it was told before; lost with a node that is gone. */
  tell(nodeId: NodeId, name: string, payload: object): void;
  /** Counts for all nodes together. @param name sets it apart from the others */
  limiter(name: string, options: IRateLimiterOptions): RateLimiterAbstract;
  /** What any node may take that another one put there. */
  readonly oneTime: OneTimeStore;
  /** Leads no more; is still there for calls. */
  resign(): Promise<void>;
  close(): Promise<void>;
}
