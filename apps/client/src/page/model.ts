/** What the page knows: the agent's answers and events in, what is to be shown out. Pure. */
import type { z } from 'zod';
import type { eventSchema, peerSchema, statusSchema } from '../agent/local-answers';

export type Status = z.output<typeof statusSchema>;
export type InParty = Extract<Status, { status: 'in_party' }>;
export type Peer = z.output<typeof peerSchema>;
export type AgentEvent = z.output<typeof eventSchema>;

/** Round trips of one player, the latest last; null: no answer. */
export type Pings = readonly (number | null)[];

export interface Model {
  readonly status: Status | null;
  /** The pings of each peer, by id. */
  readonly pings: ReadonlyMap<string, Pings>;
}

export const nothingKnown: Model = { status: null, pings: new Map() };
/** Two minutes, at a measurement every two seconds. */
export const MOST_PINGS = 60;

/** The agent has measured, and says how things stand. */
export function withStatus({ pings }: Model, status: Status): Model {
  const peers = status.status === 'in_party' ? status.party.peers.filter(({ isSelf }) => !isSelf) : [];
  const added = peers.map((peer): [string, Pings] => [
    peer.id,
    [...(pings.get(peer.id) ?? []), latencyOf(peer)].slice(-MOST_PINGS),
  ]);
  return { status, pings: new Map(added) };
}

/** What was measured last says nothing of a player who is not reached. */
export function latencyOf({ connectionType, latencyMs }: Peer): number | null {
  return connectionType === 'failed' ? null : latencyMs;
}

/** The member of the party who looks at this page. */
export function selfIn({ peers }: InParty['party']): Peer | undefined {
  return peers.find(({ isSelf }) => isSelf);
}

/** Something happened, of which the next status will tell more. */
export function withEvent(model: Model, event: AgentEvent): Model {
  const { status } = model;
  if (event.event === 'status') return { ...model, status: event.data };
  if (status?.status !== 'in_party') return model;
  const changed = changedBy(status, event);
  return changed === status ? model : { ...model, status: changed };
}

function changedBy(status: InParty, event: AgentEvent): Status {
  const { party } = status;
  switch (event.event) {
    case 'peerJoined':
    case 'connectionChanged': {
      const others = party.peers.filter(({ id }) => id !== event.data.id);
      return withPeers(status, [...others, event.data].sort(byJoining));
    }
    case 'peerLeft':
      return withPeers(
        status,
        party.peers.filter(({ id }) => id !== event.data.id),
      );
    case 'hostChanged': {
      const hostId = event.data.id;
      const peers = party.peers.map((peer) => ({ ...peer, isHost: peer.id === hostId }));
      return withPeers({ ...status, party: { ...party, hostId } }, peers);
    }
    case 'partyChanged':
      return withPeers({ ...status, party: event.data }, event.data.peers);
    case 'gamesChanged':
      return status.discovery
        ? { ...status, discovery: { ...status.discovery, servers: event.data } }
        : status;
    case 'tunnelChanged':
      return { ...status, tunnel: event.data };
    case 'controlLost':
    case 'controlConnected':
      return { ...status, controlConnected: event.event === 'controlConnected' };
    case 'ended':
      return {
        status: 'no_party',
        peerCount: 0,
        server: status.server,
        natInfo: status.natInfo,
        endedBecause: event.data,
      };
    default:
      return status;
  }
}

function withPeers(status: InParty, peers: Peer[]): InParty {
  return { ...status, peerCount: peers.length, party: { ...status.party, peers } };
}

/** The order of peers, as the agent sorts them. */
function byJoining(a: Peer, b: Peer): number {
  return Date.parse(a.joinedAt) - Date.parse(b.joinedAt) || (a.id < b.id ? -1 : 1);
}

/** What a player should hear who does not see the list; null: nothing. */
export function spoken(before: Model, { event, data }: AgentEvent): string | null {
  switch (event) {
    case 'peerJoined':
      return `${data.name} joined.`;
    case 'peerLeft':
      return `${data.name} left.`;
    case 'hostChanged':
      return `${data.name} is the host now.`;
    case 'connectionChanged': {
      const known = before.status?.status === 'in_party' ? before.status.party.peers : [];
      const isNews = known.find(({ id }) => id === data.id)?.connectionType !== data.connectionType;
      return isNews ? `${data.name}: ${pathWords[data.connectionType]}.` : null;
    }
    case 'controlLost':
      return 'The server cannot be reached. The game goes on without it.';
    case 'controlConnected':
      return 'The server is back.';
    default:
      return null;
  }
}

export const pathWords: Readonly<Record<Peer['connectionType'], string>> = {
  direct: 'direct',
  relayed: 'via the relay',
  connecting: 'being connected',
  host: 'host',
  failed: 'not reached',
  unknown: 'not known yet',
};

/** `12 ms`; tenths below ten. */
export function latencyText(latencyMs: number | null): string {
  if (latencyMs === null) return '–';
  return `${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
}

/** What keeps the party from being what it could be, in words; the page shows it above the players. */
export function warningsOf({ controlConnected, guard, tunnel, discovery }: InParty): string[] {
  return [
    ...(controlConnected
      ? []
      : ['The server cannot be reached. The game goes on, but nobody can join until it is back.']),
    ...(guard?.state === 'off'
      ? [
          `This machine is not guarded: other players can reach everything that listens on it. ${guard.detail ?? ''}`,
        ]
      : []),
    ...(tunnel?.missing.length
      ? [`The party's interface lacks its ${tunnel.missing.join(', ')}. ${tunnel.detail ?? ''}`]
      : []),
    ...(discovery?.state === 'off' && discovery.detail
      ? [`Games do not find each other by themselves: ${discovery.detail}. Type the address into the game.`]
      : []),
  ].map((text) => text.trim());
}
