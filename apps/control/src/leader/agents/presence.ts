import { MAX_CANDIDATES, type Candidate, type Presence } from '#shared/api/party';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import type { PeerId } from '#shared/party/identity';
import { groupBy } from '../../util/lists';
import type { SocketPlace } from '../../leader-client/contract';
import type { Attendance } from '../../model/party';
import type { PresenceView } from '../../model/snapshot';

const shownFields = ['natType', 'endpoint', 'direct', 'udp'] as const;

/** An agent's connection. */
export interface Connection extends SocketPlace {
  /** Milliseconds of the clock of this book. */
  readonly connectedAtMs: number;
}

interface Entry {
  /** The connection that speaks for the peer; null while there is none. */
  connection: Connection | null;
  declared: Presence;
  /** The public endpoint that a relay saw, which is surer than what the agent believes. */
  observed: Endpoint | null;
  measured: MeasuredRelays | null;
}

/** The round trips to relays that a peer measured last. */
export interface MeasuredRelays {
  /** Milliseconds by relay id; null: no answer. */
  readonly roundTripsMs: ReadonlyMap<string, number | null>;
  readonly atMs: number;
}

/** Longer than an agent takes to come back that has just lost its connection, to this server or another node of it. */
const GONE_AFTER_MS = 5000;

const unheardOf: Presence = {
  natType: 'unknown',
  endpoint: null,
  candidates: [],
  direct: true,
  udp: 'unknown',
};

/**
 * Who is here, and where: known for as long as a peer is connected, and for the time-out after. Lives in memory
 * alone; times are milliseconds of one clock, given by the caller.
 */
export class PresenceBook {
  private readonly entries = new Map<PeerId, Entry>();
  /** When the peers without a connection were last heard of, the longest silent first. */
  private readonly silentSinceMs = new Map<PeerId, number>();
  /** Those who were here before this book was begun, and have not come back yet. */
  private readonly awaited = new Set<PeerId>();
  private awaitedUntilMs = -Infinity;

  /** @returns the connection that this one replaces, if any */
  connect(peerId: PeerId, connection: Connection): Connection | null {
    const entry = this.entry(peerId);
    const replaced = entry.connection;
    entry.connection = connection;
    this.silentSinceMs.delete(peerId);
    this.awaited.delete(peerId);
    return replaced;
  }

  /** @returns whether the peer is offline now; false when a newer connection had replaced this one */
  disconnect(peerId: PeerId, socketId: string, nowMs: number): boolean {
    const entry = this.entries.get(peerId);
    if (entry?.connection?.socketId !== socketId) return false;
    entry.connection = null;
    this.expect(peerId, nowMs);
    return true;
  }

  /** null while the peer has none */
  connectionOf(peerId: PeerId): Connection | null {
    return this.entries.get(peerId)?.connection ?? null;
  }

  /** The peers that are connected to a node, and to which socket. */
  connectedTo(nodeId: string): [peerId: PeerId, socketId: string][] {
    return [...this.entries].flatMap(([peerId, { connection }]): [PeerId, string][] =>
      connection?.nodeId === nodeId ? [[peerId, connection.socketId]] : [],
    );
  }

  /** The peer was heard of in another way than by a connection; its time-out starts anew. */
  expect(peerId: PeerId, nowMs: number): void {
    if (this.entry(peerId).connection !== null) return;
    this.silentSinceMs.delete(peerId);
    this.silentSinceMs.set(peerId, nowMs);
  }

  /** Whether nobody is connected, so that nobody can tell who is away: the others, or this server. */
  get isAlone(): boolean {
    for (const { connection } of this.entries.values()) if (connection !== null) return false;
    return true;
  }

  /** Whom the book knows without a connection. */
  get silentPeers(): PeerId[] {
    return [...this.silentSinceMs.keys()];
  }

  /**
   * Waits for peers who were here before this book was begun, or before everybody was gone: none of them counts as silent
   * until that time is over.
   */
  awaitReturn(peerIds: readonly PeerId[], leastMs: number, nowMs: number): void {
    this.awaitedUntilMs = nowMs + leastMs;
    for (const peerId of peerIds) {
      this.expect(peerId, nowMs);
      if (this.connectionOf(peerId) === null) this.awaited.add(peerId);
    }
  }

  /** Notes what a peer says, if it is connected or expected. @returns whether anything changed for those who look on */
  declare(peerId: PeerId, presence: Presence): boolean {
    return this.change(peerId, (entry) => {
      entry.declared = presence;
    });
  }

  /** All that a peer says of its network: what it declares, and its round trips if it has measured any. */
  hear(peerId: PeerId, presence: Presence, nowMs: number): void {
    this.declare(peerId, presence);
    if (presence.relayRoundTripsMs) this.measure(peerId, presence.relayRoundTripsMs, nowMs);
  }

  /** Notes where a relay sees a peer, if that is connected or expected. @returns whether anything changed for those who look on */
  observe(peerId: PeerId, endpoint: Endpoint): boolean {
    return this.change(peerId, (entry) => {
      entry.observed = endpoint;
    });
  }

  /** Notes the round trips of a peer, if it is connected or expected; nobody but the choice of relays looks at them. */
  measure(peerId: PeerId, roundTripsMs: Readonly<Record<string, number | null>>, nowMs: number): void {
    const entry = this.entries.get(peerId);
    if (entry) entry.measured = { roundTripsMs: new Map(Object.entries(roundTripsMs)), atMs: nowMs };
  }

  /** null while the peer has measured nothing */
  measured(peerId: PeerId): MeasuredRelays | null {
    return this.entries.get(peerId)?.measured ?? null;
  }

  /** The round trips of all peers that have measured any. */
  *allMeasured(): Generator<MeasuredRelays> {
    for (const { measured } of this.entries.values()) if (measured) yield measured;
  }

  view(peerId: PeerId): PresenceView {
    const entry = this.entries.get(peerId);
    const { natType, endpoint, direct, udp } = entry?.declared ?? unheardOf;
    const online = entry !== undefined && entry.connection !== null;
    return { online, natType, endpoint: direct ? (entry?.observed ?? endpoint) : null, direct, udp };
  }

  /** Whether a relay has seen where the peer is, which the peer itself cannot know. */
  isObserved(peerId: PeerId): boolean {
    return (this.entries.get(peerId)?.observed ?? null) !== null;
  }

  /** Where the peer may be reached without a relay, best guess first: at home, where it is seen, what it says. */
  candidates(peerId: PeerId): Candidate[] {
    const entry = this.entries.get(peerId);
    if (!entry) return [];
    const { candidates, endpoint } = entry.declared;
    const believed = endpoint && isSameAddress(endpoint, entry.observed) ? null : endpoint;
    const seen = [entry.observed, believed].flatMap((at) => (at ? [reflexive(at)] : []));
    const hosts = candidates.filter(({ kind }) => kind === 'host');
    const others = candidates.filter(({ kind }) => kind !== 'host');
    const byEndpoint = groupBy([...hosts, ...seen, ...others], (candidate) => candidate.endpoint);
    return [...byEndpoint.values()].flatMap(([first]) => first ?? []).slice(0, MAX_CANDIDATES);
  }

  /** Gone is who had the time to come back. */
  attendance(peerId: PeerId, nowMs: number): Attendance {
    if (this.connectionOf(peerId) !== null) return 'online';
    return this.isSilentFor(peerId, GONE_AFTER_MS, nowMs) ? 'gone' : 'away';
  }

  /** Whether the peer has not been heard of for at least so long. */
  isSilentFor(peerId: PeerId, timeoutMs: number, nowMs: number): boolean {
    const sinceMs = this.silentSinceMs.get(peerId);
    return sinceMs !== undefined && nowMs - sinceMs >= timeoutMs && !this.isAwaited(peerId, nowMs);
  }

  /** The peers that have been silent for at least so long. */
  silentFor(timeoutMs: number, nowMs: number): PeerId[] {
    const peers: PeerId[] = [];
    for (const [peerId, sinceMs] of this.silentSinceMs) {
      if (nowMs - sinceMs < timeoutMs) break;
      if (!this.isAwaited(peerId, nowMs)) peers.push(peerId);
    }
    return peers;
  }

  /** Forgets a peer that has no connection. */
  forget(peerId: PeerId): void {
    if (this.entries.get(peerId)?.connection !== null) return;
    this.entries.delete(peerId);
    this.silentSinceMs.delete(peerId);
    this.awaited.delete(peerId);
  }

  private isAwaited(peerId: PeerId, nowMs: number): boolean {
    return nowMs < this.awaitedUntilMs && this.awaited.has(peerId);
  }

  private entry(peerId: PeerId): Entry {
    let entry = this.entries.get(peerId);
    if (!entry) {
      entry = { connection: null, declared: unheardOf, observed: null, measured: null };
      this.entries.set(peerId, entry);
    }
    return entry;
  }

  private change(peerId: PeerId, edit: (entry: Entry) => void): boolean {
    const entry = this.entries.get(peerId);
    if (!entry) return false;
    const before = this.view(peerId);
    edit(entry);
    const after = this.view(peerId);
    return shownFields.some((field) => before[field] !== after[field]);
  }
}

/** Whether both have the same IP address. If only the port differs, one of the two is a mapping that is gone. */
function isSameAddress(endpoint: Endpoint, observed: Endpoint | null): boolean {
  return observed !== null && splitEndpoint(observed).address === splitEndpoint(endpoint).address;
}

function reflexive(endpoint: Endpoint): Candidate {
  return { kind: 'reflexive', endpoint };
}
