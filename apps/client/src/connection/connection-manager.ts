import { EventEmitter, once } from 'node:events';
import type { AttemptCause, Candidate } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { PeerReading } from '../network/device';
import type { AttemptOrder } from './attempt';
import { endpointsToTry } from './candidates';
import {
  newPath,
  paceOf,
  stepPath,
  type PathCommand,
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
}

/** What the manager needs of the network. */
export interface PeerNetwork {
  addPeer(peer: { publicKey: string; endpoint: Endpoint; virtualIp: string }): Promise<void>;
  removePeer(publicKey: string): Promise<void>;
  /** Sends a keepalive to each candidate, then points the peer to `home`. */
  flickPeer(publicKey: string, candidates: readonly Endpoint[], home: Endpoint): Promise<void>;
  pointPeer(publicKey: string, endpoint: Endpoint): Promise<void>;
  readPeers(): Promise<ReadonlyMap<string, PeerReading>>;
  probe(virtualIp: string): void;
  /** Tells the peer's agent that this one has sent to its candidates. */
  saySent(virtualIp: string): void;
}

interface ConnectionEvents {
  change: [ConnectionChange];
  /** WireGuard could not be read or configured; tried again at the next turn. */
  fault: [LanrageError];
  /** A path wants another attempt to become direct, which only the control plane can order. */
  attemptWanted: [PeerId, AttemptCause];
  /** Something was looked at or done. */
  turn: [];
}

interface Connection {
  target: ConnectionTarget;
  path: PathState;
}

/** With nobody to watch. */
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

  /** The moment to look for a direct path to this peer has come. */
  attempt(
    peerId: PeerId,
    { candidates, ...order }: Omit<AttemptOrder, 'candidates'> & { candidates: readonly Candidate[] },
  ): Promise<void> {
    return this.tell(peerId, { type: 'attempt', candidates: endpointsToTry(candidates), ...order });
  }

  /** The peer at this address has sent to this side's candidates. */
  async peerSent(virtualIp: string): Promise<void> {
    const sender = [...this.connections.values()].find(({ target }) => target.virtualIp === virtualIp);
    if (sender) await this.tell(sender.target.peerId, { type: 'peer_sent' });
  }

  /** This machine's addresses changed, or it slept. */
  networkChanged(): Promise<void> {
    return this.tellAll({ type: 'network_changed' });
  }

  /** This machine can be reached at other addresses than before. */
  candidatesChanged(): Promise<void> {
    return this.tellAll({ type: 'candidates_changed' });
  }

  /** Connects to everybody anew, after the interface was replaced. */
  async restart(targets: readonly ConnectionTarget[]): Promise<void> {
    await this.enqueue(() => Promise.resolve(this.connections.clear()));
    await this.reconcile(targets);
  }

  /** undefined for a peer that is not being connected to */
  pathOf(peerId: PeerId): PathState | undefined {
    return this.connections.get(peerId)?.path;
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

  private tell(peerId: PeerId, input: PathInput): Promise<void> {
    return this.enqueue(async () => {
      const connection = this.connections.get(peerId);
      if (!connection) return;
      await this.step(connection, input);
      // What is due at once is not left to the timer.
      await this.readCounters();
    });
  }

  private tellAll(input: PathInput): Promise<void> {
    return this.enqueue(async () => {
      await Promise.all([...this.connections.values()].map((connection) => this.step(connection, input)));
    });
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
    const before = connection.path.phase;
    const { path, commands } = stepPath(connection.path, input, Date.now(), Math.random());
    connection.path = path;
    if (path.phase !== before) {
      this.emit('change', { peerId: connection.target.peerId, before, after: path.phase });
    }
    for (const command of commands) await this.carryOut(command, connection.target);
  }

  private async carryOut(command: PathCommand, target: ConnectionTarget): Promise<void> {
    const { publicKey, virtualIp } = target;
    switch (command.type) {
      case 'handshake':
        return this.network.addPeer({ publicKey, virtualIp, endpoint: command.endpoint });
      case 'flick':
        return this.network.flickPeer(publicKey, command.candidates, command.home);
      case 'point':
        return this.network.pointPeer(publicKey, command.endpoint);
      case 'probe':
        return this.network.probe(virtualIp);
      case 'say_sent':
        return this.network.saySent(virtualIp);
      case 'request_attempt':
        this.emit('attemptWanted', target.peerId, command.cause);
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
    const nowMs = Date.now();
    const paces = [...this.connections.values()].map(({ path }) => paceOf(path, nowMs));
    const dueAtMs = nowMs + Math.min(CALM_INTERVAL_MS, ...paces);
    if (this.timer && this.timerDueAtMs <= dueAtMs) return;
    clearTimeout(this.timer);
    this.timerDueAtMs = dueAtMs;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.enqueue(() => this.readCounters());
    }, dueAtMs - Date.now());
  }
}
