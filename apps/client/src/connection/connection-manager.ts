import { EventEmitter, once } from 'node:events';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { PeerReading } from '../network/device';
import {
  failureOf,
  newPath,
  stepPath,
  type PathFailure,
  type PathInput,
  type PathPhase,
  type PathState,
} from './path';

/** Another member of the party, and how to reach it. */
export interface ConnectionTarget {
  readonly peerId: PeerId;
  readonly publicKey: string;
  readonly virtualIp: string;
  readonly online: boolean;
  readonly relay: Endpoint | null;
}

export interface ConnectionChange {
  readonly peerId: PeerId;
  readonly before: PathPhase;
  readonly after: PathPhase;
  readonly failure: PathFailure | null;
}

/** What the manager needs of the network. */
export interface PeerNetwork {
  addPeer(peer: { publicKey: string; endpoint: Endpoint; virtualIp: string }): Promise<void>;
  removePeer(publicKey: string): Promise<void>;
  readPeers(): Promise<ReadonlyMap<string, PeerReading>>;
  probe(virtualIp: string): void;
}

interface ConnectionEvents {
  change: [ConnectionChange];
  /** WireGuard could not be read or configured; tried again at the next turn. */
  fault: [LanrageError];
  /** Something was looked at or done. */
  turn: [];
}

interface Connection {
  target: ConnectionTarget;
  path: PathState;
}

/** While somebody is being connected to, and otherwise. */
const BUSY_INTERVAL_MS = 100;
const CALM_INTERVAL_MS = 1_000;

/**
 * Makes WireGuard's peers what the party's members are, and keeps every path alive: reads the counters at intervals,
 * feeds them to each peer's path (path.ts) and carries out what that decides. One turn at a time, so that a reading
 * never shows a peer half-way through a change.
 */
export class ConnectionManager extends EventEmitter<ConnectionEvents> {
  private readonly connections = new Map<PeerId, Connection>();
  private queue: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private timerDueAtMs = 0;
  private running = false;

  constructor(private readonly network: PeerNetwork) {
    super();
  }

  /** Begins to watch; the interface must be up. */
  start(): void {
    this.running = true;
    this.schedule();
  }

  /** Forgets all peers, without touching the interface. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.queue;
    this.connections.clear();
    this.emit('turn');
  }

  /** Connects to these peers and to nobody else. */
  reconcile(targets: readonly ConnectionTarget[]): Promise<void> {
    return this.enqueue(async () => {
      const wanted = new Set(targets.map(({ peerId }) => peerId));
      const gone = [...this.connections.values()].filter(({ target }) => !wanted.has(target.peerId));
      await Promise.all([
        ...gone.map(({ target }) => this.disconnect(target)),
        ...targets.map((target) => this.connect(target)),
      ]);
    });
  }

  /** The control plane named these peers' relay sessions: behind one that reads the same may be a new relay. */
  checkRelays(peerIds: readonly PeerId[]): Promise<void> {
    return this.enqueue(async () => {
      const named = peerIds.flatMap((id) => this.connections.get(id) ?? []);
      await Promise.all(
        named.map((connection) => this.step(connection, { type: 'relay', relay: connection.path.relay })),
      );
    });
  }

  /** Connects to everybody anew, after the interface was replaced. */
  async restart(targets: readonly ConnectionTarget[]): Promise<void> {
    await this.enqueue(() => Promise.resolve(this.connections.clear()));
    await this.reconcile(targets);
  }

  /** undefined for a peer that is not being connected to */
  phaseOf(peerId: PeerId): PathPhase | undefined {
    return this.connections.get(peerId)?.path.phase;
  }

  failureOf(peerId: PeerId): PathFailure | null {
    const connection = this.connections.get(peerId);
    return connection ? failureOf(connection.path) : null;
  }

  /** Resolves when nobody is `connecting` any more, which every path is for 10 s at most. */
  async settled(): Promise<void> {
    while (this.running && this.isConnecting()) await once(this, 'turn');
  }

  private isConnecting(): boolean {
    return [...this.connections.values()].some(({ path }) => path.phase === 'connecting');
  }

  private async connect(target: ConnectionTarget): Promise<void> {
    const { peerId, virtualIp, relay } = target;
    const known = this.connections.get(peerId);
    if (known?.target.virtualIp !== virtualIp) {
      const connection = { target, path: newPath(Date.now()) };
      this.connections.set(peerId, connection);
      return this.step(connection, { type: 'relay', relay });
    }
    const cameBack = target.online && !known.target.online;
    known.target = target;
    if (relay !== known.path.relay) await this.step(known, { type: 'relay', relay });
    if (cameBack) await this.step(known, { type: 'peer_online' });
  }

  private async disconnect({ peerId, publicKey }: ConnectionTarget): Promise<void> {
    this.connections.delete(peerId);
    await this.network.removePeer(publicKey);
  }

  private async readCounters(): Promise<void> {
    const readings = await this.network.readPeers();
    await Promise.all(
      [...this.connections.values()].map((connection) =>
        this.step(connection, { type: 'counters', counters: readings.get(connection.target.publicKey) }),
      ),
    );
  }

  private async step(connection: Connection, input: PathInput): Promise<void> {
    const { target } = connection;
    const before = connection.path.phase;
    const { path, command } = stepPath(connection.path, input, Date.now(), Math.random());
    connection.path = path;
    if (path.phase !== before) {
      const failure = failureOf(path);
      this.emit('change', { peerId: target.peerId, before, after: path.phase, failure });
    }
    if (command === 'probe') this.network.probe(target.virtualIp);
    if (command === 'handshake' && path.relay) {
      await this.network.addPeer({ ...target, endpoint: path.relay });
    }
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    const turn = this.queue.then(work).catch((error: unknown) => {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    });
    this.queue = turn.finally(() => {
      this.schedule();
      this.emit('turn');
    });
    return this.queue;
  }

  /** Sets the timer for the next reading, unless it is due earlier anyway. */
  private schedule(): void {
    if (!this.running) return;
    const dueAtMs = Date.now() + (this.isConnecting() ? BUSY_INTERVAL_MS : CALM_INTERVAL_MS);
    if (this.timer && this.timerDueAtMs <= dueAtMs) return;
    clearTimeout(this.timer);
    this.timerDueAtMs = dueAtMs;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.enqueue(() => this.readCounters());
    }, dueAtMs - Date.now());
  }
}
