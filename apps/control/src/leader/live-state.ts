import { LanrageError } from '#shared/errors';
import type { Cluster, NodeId, Nodes, Term } from '../cluster/cluster';
import type { Membership } from '../parties/membership/membership';
import type { PartyStore } from '../parties/membership/party.store';
import { RelayMoves } from './relays/moves';
import { ReachWatch } from './relays/reach-watch';
import { RelayRegistry, type Relay } from './relays/registry';
import { RelayCare } from './relays/relay-care';
import { RelayLink } from './relays/relay-link';
import { RelaySessions } from './relays/sessions';
import { AgentSockets } from './agents/agent-sockets';
import { DirectPaths } from './paths/direct-paths';
import { PresenceBook } from './agents/presence';
import { PresenceWatch } from './agents/presence-watch';
import { dispatch, type LeaderCalls } from '../leader-client/contract';
import { LiveAgents } from './live-agents';
import { LiveParties } from './parties/live-parties';
import { LiveRelays } from './live-relays';

/**
 * What is known of agents, relays and pairs just now: built up when a term begins, from what the nodes have connected,
 * and gone with it. Nothing of it is written anywhere.
 */
export class LiveState implements Term {
  readonly registry = new RelayRegistry();
  readonly sessions: RelaySessions;
  private readonly parties: LiveParties;
  private readonly agents: LiveAgents;
  private readonly relays: LiveRelays;
  private readonly presence = new PresenceBook();
  private readonly directPaths: DirectPaths;
  private readonly care: RelayCare;
  private readonly watch: PresenceWatch;

  /** To other nodes, as long as the term lasts. */
  private readonly nodes: Nodes;
  private isOver = false;

  constructor(
    cluster: Cluster,
    membership: Membership,
    store: PartyStore,
    presenceTimeoutMs: number,
    maxPeers: number,
  ) {
    const { registry, presence } = this;
    this.nodes = {
      ask: (...question) =>
        this.isOver ? Promise.reject(new Error('the term is over')) : cluster.ask(...question),
      tell: (...message) => {
        if (!this.isOver) cluster.tell(...message);
      },
    };
    const sockets = new AgentSockets(this.nodes);
    this.sessions = new RelaySessions(registry, sockets, presence);
    const moves = new RelayMoves(registry, this.sessions, presence);
    this.care = new RelayCare(registry, this.sessions, moves, new ReachWatch(registry, presence));
    this.directPaths = new DirectPaths(this.sessions, presence, sockets, (id) => this.parties.networkOf(id));
    this.parties = new LiveParties(membership, store, presence, this.sessions, sockets);
    this.agents = new LiveAgents(presence, sockets, this.parties, moves, store);
    this.relays = new LiveRelays(
      registry,
      this.sessions,
      presence,
      this.directPaths,
      this.parties,
      store,
      this.care.addressProofs,
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

  readonly serve = (name: string, payload: unknown): unknown => dispatch(this.calls, name, payload);

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

  private readonly calls: LeaderCalls = {
    'agents.introduced': ({ nodeId, agents, isFirst }) => this.agents.introduced(nodeId, agents, isFirst),
    'agent.connected': ({ peerId, place, ageMs }) => this.agents.connected(peerId, place, ageMs),
    'agent.disconnected': ({ peerId, socketId }) => this.agents.disconnected(peerId, socketId),
    'agent.presence': async ({ peerId, presence }) => {
      await this.agents.declared(peerId, presence);
      return this.registry.describedVersion();
    },
    'agents.online': ({ peerIds }) => peerIds.filter((peerId) => this.presence.view(peerId).online),
    'agents.attendance': ({ peerIds }) =>
      peerIds.map((peerId) => this.presence.attendance(peerId, performance.now())),
    'agent.path': ({ partyId, self, peerId, cause }) =>
      this.directPaths.requested(partyId, self, peerId, cause),

    'party.snapshot': ({ party, viewer }) => this.parties.snapshot(party, viewer),
    'party.entered': (entry) => this.parties.entered(entry),
    'party.departed': (departures) => departures.forEach((departure) => this.parties.departed(departure)),
    'party.news': (news) => this.parties.tell(news),

    'relay.fits': ({ relayId, socketId }) => this.relays.fits(relayId, socketId),
    'relay.connected': ({ relay, place }) => this.relays.connected(relay, new RelayLink(this.nodes, place)),
    'relay.disconnected': ({ relayId, socketId }) => this.relays.disconnected(relayId, socketId),
    'relay.seen': ({ transactionId, ...from }) => this.relays.seen(this.relay(from), transactionId),
    'relay.announced': ({ pairs, final, ...from }) => this.relays.announced(this.relay(from), pairs, final),
    'relay.observed': ({ observations, ...from }) => this.relays.observed(this.relay(from), observations),
    'relay.load': (report) => this.relays.load(this.relay(report), report),
    'relay.drain': ({ withinMs, ...from }) => this.relays.drain(this.relay(from), withinMs),
    'relays.listed': () => this.relays.listed(),
    'relays.drained': ({ relayIds }) => this.registry.setDrained(new Set(relayIds)),
    'relays.faults': () => this.relays.faults(),
    'relays.carried': () => this.relays.largestParty(),
    'relays.described': () => this.registry.describe(),
  };

  /** @throws LanrageError for a connection that the leader does not know, or knows no more: the relay is to dial anew */
  private relay({ relayId, socketId }: { relayId: string; socketId: string }): Relay {
    const relay = this.registry.linked(relayId, socketId);
    if (!relay) throw new LanrageError('CONTROL_UNAVAILABLE');
    return relay;
  }
}
