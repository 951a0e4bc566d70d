/** What nodes ask of the leader and what the leader asks of nodes, see cluster.ts. All of it survives JSON, and nothing else is served. */
import type { EndReason, LeaveReason, PartySnapshot, Presence } from '#shared/api/party';
import type { AnnouncedRelay, relayReportSchemas } from '#shared/api/relay-link';
import type { ServerInfo } from '#shared/api/rest';
import type { FaultyRelay, RelayFault } from '#shared/api/stats';
import type { AgentEventName, AgentRequests } from '#shared/api/signaling';
import type { PeerId } from '#shared/party/identity';
import type { z } from 'zod';
import type { News } from '../model/news';
import type { Attendance, MemberRecord, PartyRecord } from '../model/party';
import type { RelayFacts } from '../model/relay-facts';
import type { CallNames } from './calls';

/** A socket of one of the nodes. */
export interface SocketPlace {
  readonly nodeId: string;
  /** Unique among all nodes. */
  readonly socketId: string;
}

/** A connected agent, and what it said of its network last. */
export interface ConnectedAgent {
  readonly peerId: PeerId;
  readonly socketId: string;
  /** Milliseconds since it connected: an age, as the clocks of nodes differ. */
  readonly ageMs: number;
  readonly presence: Presence | null;
}

/** A peer that has just joined, with the party as it is after the join. */
export interface Entry {
  readonly party: PartyRecord;
  readonly member: MemberRecord;
  /** Whether the others are to hear of it. */
  readonly isNews: boolean;
  readonly presence?: Presence | undefined;
}

export interface Departure {
  readonly before: PartyRecord;
  /** Null: the party closed. */
  readonly after: PartyRecord | null;
  readonly peerId: PeerId;
  readonly reason: LeaveReason;
  /** What the peer itself is to hear, unless it left by its own will. */
  readonly ended?: EndReason;
}

/** A relay that holds the secret, and what is known of where it is. */
export interface AdmittedRelay {
  readonly announced: AnnouncedRelay;
  /** The announced addresses that may be somebody else's. */
  readonly unproven: readonly string[];
  /** The other end of its link; null when it cannot be told. */
  readonly clientAddress: string | null;
}

/** A relay as it is seen by the operator. */
export interface ListedRelay extends RelayFacts {
  /** As it reported last. */
  readonly bytesPerSecond: number;
  readonly eventLoopDelayMs: number | null;
  /** It said itself that it is about to stop. */
  readonly stopping: boolean;
  /** The operator wants it empty. */
  readonly drained: boolean;
  /** To which players send. */
  readonly publicAddress: string;
  /** Why players do not reach it; null when nothing is known to be wrong, or it is away. */
  readonly fault: RelayFault | null;
  /** The announced addresses that are not known to be its own. */
  readonly unproven: readonly string[];
}

/** A relay, by the link that it has now. */
export interface LinkedRelay {
  readonly relayId: string;
  readonly socketId: string;
}

/** What a relay says over its link. */
export type RelayReport<Name extends keyof typeof relayReportSchemas> = LinkedRelay &
  z.output<(typeof relayReportSchemas)[Name]>;

/** Agents that are connected to a node: all of them, in several parts. */
export interface Introduction {
  readonly nodeId: string;
  /** With the first part, what was known of the node is forgotten. */
  readonly isFirst: boolean;
  readonly agents: readonly ConnectedAgent[];
}

/** An agent that has just connected, or has been for a while. */
export interface Arrival {
  readonly peerId: PeerId;
  readonly place: SocketPlace;
  /** Milliseconds since it connected, to whichever node. */
  readonly ageMs: number;
}

/** Connections of agents, and what they say of their network. */
export interface AgentCalls {
  introduced(part: Introduction): void;
  /** Answered when the agent has its snapshot. */
  connected(agent: Arrival): Promise<void>;
  /** The agent may be back already, at another node. */
  disconnected(agent: { peerId: PeerId; socketId: string }): Promise<void>;
  /** @returns the version of the list of relays, see registry.ts */
  declared(agent: { peerId: PeerId; presence: Presence }): Promise<string>;
  /** @returns those of the peers that are connected */
  online(question: { peerIds: readonly PeerId[] }): PeerId[];
  /** @returns how far each peer is there, in the order of the question */
  attendance(question: { peerIds: readonly PeerId[] }): Attendance[];
}

/** Parties as they change, for presence, relay sessions, and those who are to hear of it. */
export interface PartyCalls {
  snapshot(view: { party: PartyRecord; viewer: PeerId }): PartySnapshot;
  /** @returns the party as the peer sees it, with relays that are open where that does not take long */
  entered(entry: Entry): Promise<PartySnapshot>;
  departed(departures: readonly Departure[]): void;
  /** Goes out after what was queued so far. */
  news(news: News): void;
}

/** One of two members who would like another try at a direct path. */
export type PathRequest = AgentRequests['path.request'] & { readonly self: PeerId };

export interface PathCalls {
  /** Sends both looking for it; nothing happens when that is too soon, or with somebody who is no member. */
  requested(request: PathRequest): void;
}

/** What relays say. */
export interface RelayCalls {
  /**
   * Keeps a place for one more relay of this name, for this connection and for a while.
   * @throws LanrageError RELAY_NAME_TAKEN while a relay of this name answers on its link, or is about to connect;
   * RATE_LIMITED when there are too many
   */
  reserve(relay: LinkedRelay): Promise<void>;
  /** @throws LanrageError RATE_LIMITED when there are too many, which several that dial at once may have missed */
  connected(relay: { relay: AdmittedRelay; place: SocketPlace }): void;
  disconnected(relay: LinkedRelay): void;
  /** What was sent to one of its addresses has come there. */
  seen(report: RelayReport<'address.seen'>): void;
  /** @returns the ids of the pairs that the relay is to close */
  announced(report: RelayReport<'pairs.announce'>): Promise<string[]>;
  observed(report: RelayReport<'pairs.observed'>): Promise<void>;
  load(report: RelayReport<'load'>): void;
  /** @returns whether other relays can take its pairs */
  drain(report: RelayReport<'drain'>): boolean;
  /** @returns all relays that are known */
  listed(): ListedRelay[];
  /** Has these relays, and no others, give their pairs away and take no more. */
  drained(relays: { relayIds: readonly string[] }): void;
  /** @returns the relays in touch that players do not reach, and why */
  faults(): FaultyRelay[];
  /** @returns the players of the largest party that the relays carry, see carried.ts */
  carried(): number;
  /** @returns the relays that agents may use */
  described(): ServerInfo['relays'];
}

/** What the leader answers. */
export interface LeaderCalls {
  readonly agents: AgentCalls;
  readonly parties: PartyCalls;
  readonly paths: PathCalls;
  readonly relays: RelayCalls;
}

/** The calls that the leader serves. */
export const leaderCalls: CallNames<LeaderCalls> = {
  'agents.introduced': true,
  'agents.connected': true,
  'agents.disconnected': true,
  'agents.declared': true,
  'agents.online': true,
  'agents.attendance': true,
  'parties.snapshot': true,
  'parties.entered': true,
  'parties.departed': true,
  'parties.news': true,
  'paths.requested': true,
  'relays.reserve': true,
  'relays.connected': true,
  'relays.disconnected': true,
  'relays.seen': true,
  'relays.announced': true,
  'relays.observed': true,
  'relays.load': true,
  'relays.drain': true,
  'relays.listed': true,
  'relays.drained': true,
  'relays.faults': true,
  'relays.carried': true,
  'relays.described': true,
};

/** What a node does for the leader with the sockets that it has. */
export interface NodeCalls {
  readonly agents: {
    emit(message: { socketIds: readonly string[]; event: AgentEventName; payload: object }): void;
    /** Another connection speaks for the agent now. */
    replaced(connection: { socketId: string }): void;
  };
  readonly relays: {
    /** @returns the relay's answer */
    command(command: {
      socketId: string;
      event: string;
      payload: object;
      timeoutMs: number;
    }): Promise<unknown>;
    dismissed(connection: { socketId: string }): void;
  };
}

/** The calls that a node serves. */
export const nodeCalls: CallNames<NodeCalls> = {
  'agents.emit': true,
  'agents.replaced': true,
  'relays.command': true,
  'relays.dismissed': true,
};
