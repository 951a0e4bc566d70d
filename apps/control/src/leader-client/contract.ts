/** What nodes ask of the leader and what the leader asks of nodes, see cluster.ts. All of it survives JSON. */
import type { EndReason, LeaveReason, PartySnapshot, Presence } from '#shared/api/party';
import type { OpenPair, relayReportSchemas } from '#shared/api/relay-link';
import type { ServerInfo } from '#shared/api/rest';
import type { FaultyRelay, RelayFault } from '#shared/api/stats';
import type { AgentEventName, AgentEvents, AgentRequests } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { z } from 'zod';
import type { Attendance, MemberRecord, PartyRecord } from '../model/party';
import type { AdmittedRelay } from '../gateways/relays/relay-sign-in';
import type { RelayFacts } from '../leader/relays/selection';
import type { SocketPlace } from '../leader/agents/presence';

/** A connected agent, and what it said of its network last. */
export interface ConnectedAgent {
  readonly peerId: PeerId;
  readonly socketId: string;
  /** Milliseconds since it connected: an age, as the clocks of nodes differ. */
  readonly ageMs: number;
  readonly presence: Presence | null;
}

/** A peer that is a member now, of a party as it is since. */
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

/** One event for members of a party, after what they were sent before. */
export type News = {
  [Name in AgentEventName]: {
    readonly partyId: PartyId;
    readonly peerIds: readonly PeerId[];
    readonly event: Name;
    readonly payload: AgentEvents[Name];
  };
}[AgentEventName];

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
  /** Those of its addresses that are not known to be its own. */
  readonly unproven: readonly string[];
}

interface OfRelay {
  readonly relayId: string;
  readonly socketId: string;
}

type Report<Name extends keyof typeof relayReportSchemas> = z.output<(typeof relayReportSchemas)[Name]>;

export interface LeaderCalls {
  /** All agents that are connected to a node, in several parts; with the first one, what was known of it is forgotten. */
  'agents.introduced'(part: { nodeId: string; isFirst: boolean; agents: readonly ConnectedAgent[] }): void;
  /** Answered when the agent has its snapshot. */
  'agent.connected'(agent: { peerId: PeerId; place: SocketPlace; ageMs: number }): Promise<void>;
  'agent.disconnected'(agent: { peerId: PeerId; socketId: string }): Promise<void>;
  /** @returns the version of the list of relays, see registry.ts */
  'agent.presence'(agent: { peerId: PeerId; presence: Presence }): Promise<string>;
  /** Those of the peers that are connected. */
  'agents.online'(question: { peerIds: readonly PeerId[] }): PeerId[];
  /** In the order of the question. */
  'agents.attendance'(question: { peerIds: readonly PeerId[] }): Attendance[];
  'agent.path'(request: AgentRequests['path.request'] & { self: PeerId }): void;

  'party.snapshot'(view: { party: PartyRecord; viewer: PeerId }): PartySnapshot;
  'party.entered'(entry: Entry): Promise<PartySnapshot>;
  'party.departed'(departures: readonly Departure[]): void;
  'party.news'(news: News): void;

  /**
   * Whether there is place for one more relay of this name, which is kept for this connection for a while.
   * @throws LanrageError RELAY_NAME_TAKEN while a relay of this name answers on its link, or is about to connect
   */
  'relay.fits'(relay: OfRelay): Promise<boolean>;
  'relay.connected'(relay: { relay: AdmittedRelay; place: SocketPlace }): void;
  'relay.disconnected'(relay: OfRelay): void;
  /** What was sent to one of its addresses has come there. */
  'relay.seen'(report: OfRelay & Report<'address.seen'>): void;
  /** @returns the ids of the pairs that the relay is to close */
  'relay.announced'(report: OfRelay & { pairs: readonly OpenPair[]; final: boolean }): Promise<string[]>;
  'relay.observed'(report: OfRelay & Report<'pairs.observed'>): Promise<void>;
  'relay.load'(report: OfRelay & Report<'load'>): void;
  /** @returns whether other relays can take its pairs */
  'relay.drain'(report: OfRelay & Report<'drain'>): boolean;
  /** All that are known. */
  'relays.listed'(nothing: object): ListedRelay[];
  /** These are to give their pairs away and take no more, and no others. */
  'relays.drained'(relays: { relayIds: readonly string[] }): void;
  /** Those that players do not reach. */
  'relays.faults'(nothing: object): FaultyRelay[];
  /** The players of the largest party that the relays carry, see carried.ts. */
  'relays.carried'(nothing: object): number;
  /** Those that agents may use. */
  'relays.described'(nothing: object): ServerInfo['relays'];
}

export interface NodeCalls {
  'agents.emit'(message: { socketIds: readonly string[]; event: AgentEventName; payload: object }): void;
  /** Another connection speaks for the agent now. */
  'agent.replaced'(connection: { socketId: string }): void;
  /** @returns the relay's answer */
  'relay.command'(command: {
    socketId: string;
    event: string;
    payload: object;
    timeoutMs: number;
  }): Promise<unknown>;
  'relay.dismissed'(connection: { socketId: string }): void;
}

export type Payload<Calls, Name extends keyof Calls> = Calls[Name] extends (payload: infer P) => unknown
  ? P & object
  : never;
export type Answer<Calls, Name extends keyof Calls> = Calls[Name] extends (payload: never) => infer A
  ? Awaited<A>
  : never;

/** Finds the handler of a call. @throws Error for one that there is not, as of a node of another version */
export function dispatch<Calls extends object>(calls: Calls, name: string, payload: unknown): unknown {
  if (!Object.hasOwn(calls, name)) throw new Error(`no such call: ${name}`);
  return (calls[name as keyof Calls] as (payload: unknown) => unknown)(payload);
}
