import type { Cluster, NodeId, Nodes, Serve, Term } from '../cluster/cluster';
import type { Membership } from '../parties/membership/membership';
import type { PartyStore } from '../parties/membership/party.store';
import { RelayMoves } from './relays/moves';
import { ReachWatch } from './relays/reach-watch';
import { RelayRegistry } from './relays/registry';
import { RelayCare } from './relays/relay-care';
import { RelaySessions } from './relays/sessions';
import { AgentSockets } from './agents/agent-sockets';
import { DirectPaths } from './paths/direct-paths';
import { PresenceBook } from './agents/presence';
import { PresenceWatch } from './agents/presence-watch';
import { dispatch } from '../leader-client/calls';
import { leaderCalls, type LeaderCalls } from '../leader-client/contract';
import { LiveAgents } from './live-agents';
import { LiveParties } from './parties/live-parties';
import { LiveRelays } from './live-relays';

/**
 * What is known of agents, relays and pairs just now: built up when a term begins, from what the nodes have connected,
 * and gone with it. Nothing of it is written anywhere.
 */
export class LiveState implements Term, LeaderCalls {
  readonly registry = new RelayRegistry();
  readonly sessions: RelaySessions;
  readonly agents: LiveAgents;
  readonly parties: LiveParties;
  readonly paths: DirectPaths;
  readonly relays: LiveRelays;
  private readonly presence = new PresenceBook();
  private readonly care: RelayCare;
  private readonly watch: PresenceWatch;
  private isOver = false;

  constructor(
    cluster: Cluster,
    membership: Membership,
    store: PartyStore,
    presenceTimeoutMs: number,
    maxPeers: number,
  ) {
    const { registry, presence } = this;
    // To other nodes, as long as the term lasts.
    const nodes: Nodes = {
      ask: (...question) =>
        this.isOver ? Promise.reject(new Error('the term is over')) : cluster.ask(...question),
      tell: (...message) => {
        if (!this.isOver) cluster.tell(...message);
      },
    };
    const sockets = new AgentSockets(nodes);
    this.sessions = new RelaySessions(registry, sockets, presence);
    const moves = new RelayMoves(registry, this.sessions, presence);
    this.care = new RelayCare(registry, this.sessions, moves, new ReachWatch(registry, presence));
    this.paths = new DirectPaths(this.sessions, presence, sockets, (id) => this.parties.networkOf(id));
    this.parties = new LiveParties(membership, store, presence, this.sessions, sockets);
    this.agents = new LiveAgents(presence, sockets, this.parties, registry, moves, store);
    this.relays = new LiveRelays(
      nodes,
      registry,
      this.sessions,
      presence,
      this.paths,
      this.parties,
      store,
      this.care,
      maxPeers,
    );
    this.watch = new PresenceWatch(
      presence,
      presenceTimeoutMs,
      () => store.allMemberIds(),
      (peerId) => this.parties.timeOut(peerId),
    );
    this.care.start();
    this.watch.start();
  }

  readonly serve: Serve = (name, payload) => dispatch<LeaderCalls>(this, leaderCalls, name, payload);

  nodeGone(nodeId: NodeId): void {
    this.agents.nodeGone(nodeId);
    this.relays.nodeGone(nodeId);
  }

  async end(): Promise<void> {
    this.isOver = true;
    this.care.stop();
    this.parties.stop();
    await Promise.all([this.watch.stop(), this.agents.stop()]);
  }
}
