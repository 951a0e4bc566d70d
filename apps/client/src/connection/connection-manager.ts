import { EventEmitter, once } from 'node:events';
import { TokenBucket } from '#shared/token-bucket';
import type { AttemptCause, Candidate } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import type { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { Player } from '../discovery/neighbours';
import type { Carrier } from '../nat/udp-reach';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { PeerNetwork } from '../network/peer-network';
import type { SizeAnswer } from '../network/tunnel-service';
import { surroundings } from '../network/surroundings';
import type { AttemptOrder } from './attempt';
import { endpointsToTry } from './candidates';
import { homeOf } from './path-state';
import { SizeKeeper } from './size-keeper';
import {
  carrierOf,
  isAnsweringDirectly,
  newPath,
  paceOf,
  stepPath,
  type PathCommand,
  type PathInput,
  type PathPhase,
  type PathRole,
  type PathState,
  type PeerCounters,
} from './path';
import { Turns } from './turns';

/** Another member of the party, and how to reach it. */
export interface ConnectionTarget extends PathRole {
  readonly peerId: PeerId;
  readonly publicKey: string;
  readonly virtualIp: VirtualIp;
  readonly online: boolean;
  /** Whether it is known that no relay will carry packets to it. */
  readonly isHopeless: boolean;
  readonly relay: Endpoint | null;
}

export interface ConnectionChange {
  readonly peerId: PeerId;
  readonly before: PathPhase;
  readonly after: PathPhase;
}

interface ConnectionEvents {
  change: [ConnectionChange];
  /** WireGuard could not be read or configured; tried again at the next turn. */
  fault: [LanrageError];
  /** A path wants another attempt to become direct, which only the control plane can order. */
  attemptWanted: [PeerId, AttemptCause];
  /** A peer does not answer: do the relays? */
  doubt: [];
  /** Something was looked at or done. */
  turn: [];
}

interface Connection {
  target: ConnectionTarget;
  path: PathState;
}

/**
 * How often a server may have this machine send handshakes and candidates to places that it names. The largest parties
 * enter at once; a server that names ever new places makes nobody a flooder.
 */
const ORDERS = { perSecond: 100, burst: 1_000 } as const;

/** With nobody to watch. */
const CALM_INTERVAL_MS = 1_000;

/**
 * Makes WireGuard's peers what the party's members are, and keeps every path alive: reads the counters at intervals,
 * feeds them to each peer's path (path.ts) and carries out what that decides. One turn at a time, so that a reading
 * never shows a peer half-way through a change.
 *
 * The file is long because all that touches WireGuard's peers waits in its one queue; what is decided is in path*.ts.
 */
export class ConnectionManager extends EventEmitter<ConnectionEvents> {
  private readonly connections = new Map<PeerId, Connection>();
  private readonly orders = new TokenBucket(ORDERS, Date.now());
  private readonly turns = new Turns(
    () => this.readCounters(),
    (nowMs) => this.intervalMs(nowMs),
  );
  private readonly sizes: SizeKeeper;

  constructor(private readonly network: PeerNetwork) {
    super();
    this.sizes = new SizeKeeper(network);
    this.sizes.on('fault', (error) => this.emit('fault', error));
    this.turns.on('fault', (error) => this.emit('fault', error));
    this.turns.on('turn', () => this.emit('turn'));
  }

  /** Begins to watch; the interface must be up. */
  start(): void {
    this.turns.start();
  }

  /** Forgets all peers, without touching the interface. */
  async stop(): Promise<void> {
    await this.turns.stop();
    this.forgetAll();
    this.emit('turn');
  }

  /** Connects to these peers and to nobody else. */
  reconcile(targets: readonly ConnectionTarget[]): Promise<void> {
    return this.turns.take(async () => {
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
    return this.turns.take(async () => {
      const known = peerIds.flatMap((id) => this.connections.get(id) ?? []);
      const named = known.filter(() => this.mayOrder());
      await Promise.all(
        named.map((connection) => this.step(connection, { type: 'relay', relay: connection.path.relay })),
      );
    });
  }

  /** The moment to look for a direct path to this peer has come. */
  beginAttempt(
    peerId: PeerId,
    { candidates, ...order }: Omit<AttemptOrder, 'candidates'> & { candidates: readonly Candidate[] },
  ): Promise<void> {
    if (!this.mayOrder()) return Promise.resolve();
    const endpoints = endpointsToTry(candidates, surroundings());
    return this.tell(peerId, { type: 'attempt', candidates: endpoints, ...order });
  }

  /** The peer at this address has sent to this side's candidates. */
  async peerSent(virtualIp: VirtualIp): Promise<void> {
    const sender = this.at(virtualIp);
    if (sender) await this.tell(sender.target.peerId, { type: 'peer_sent' });
  }

  /** The peer at this address checks a way to this machine. */
  peerChecked(virtualIp: VirtualIp, nonce: Buffer): Promise<void> {
    return this.judge(virtualIp, (counters) => ({ type: 'checked', nonce, counters }));
  }

  /** The peer at this address heard the check that was sent to this endpoint. */
  peerHeard(virtualIp: VirtualIp, endpoint: Endpoint, roundTripMs: number): Promise<void> {
    return this.judge(virtualIp, (counters) => ({ type: 'heard', endpoint, roundTripMs, counters }));
  }

  /** This machine's addresses or routes changed, or it slept. */
  networkChanged(): Promise<void> {
    this.sizes.restart();
    return this.tellAll({ type: 'network_changed' });
  }

  /** This machine can be reached at other addresses than before. */
  candidatesChanged(): Promise<void> {
    return this.tellAll({ type: 'candidates_changed' });
  }

  /** Connects to everybody anew, after the interface was replaced. */
  async restart(targets: readonly ConnectionTarget[]): Promise<void> {
    await this.turns.take(() => Promise.resolve(this.forgetAll()));
    await this.reconcile(targets);
  }

  /** The peer at this address got the probe of this size. */
  sizeAnswered(virtualIp: VirtualIp, answer: SizeAnswer): void {
    this.sizes.answered(virtualIp, answer);
  }

  /** The peer at this address says that its path to this machine has changed. */
  peerMoved(virtualIp: VirtualIp): void {
    this.sizes.peerMoved(virtualIp);
  }

  /** The interface was repaired: what packets were limited to went with what it had lost. */
  packetLimitsLost(): void {
    this.sizes.restart();
  }

  /** The largest packets inside the tunnel, in bytes, that the path to a peer carries; null: all, as far as is known. */
  packetLimitOf(peerId: PeerId): number | null {
    return this.sizes.limitOf(peerId);
  }

  /** undefined for a peer that is not being connected to */
  pathOf(peerId: PeerId): PathState | undefined {
    return this.connections.get(peerId)?.path;
  }

  /** Whether there is a direct path to the peer, by which its agent answers. */
  isAnswering(peerId: PeerId): boolean {
    const path = this.pathOf(peerId);
    return path !== undefined && isAnsweringDirectly(path);
  }

  /** What carries the paths that work; see {@link Carrier}. */
  carriers(): ReadonlySet<Carrier> {
    return new Set([...this.connections.values()].flatMap(({ path }) => carrierOf(path) ?? []));
  }

  /** The players to whom a path works. */
  reachedPlayers(): Player[] {
    return [...this.connections.values()].flatMap(({ target, path }) => {
      if (path.phase !== 'relayed' && path.phase !== 'direct') return [];
      return [{ virtualIp: target.virtualIp, directEndpoint: path.direct }];
    });
  }

  /** Resolves when nobody is `connecting` any more, which every path is for 10 s at most. */
  async settled(): Promise<void> {
    while (this.turns.isRunning && this.isConnecting()) await once(this, 'turn');
  }

  private isConnecting(): boolean {
    return [...this.connections.values()].some(({ path }) => path.phase === 'connecting');
  }

  private async connect(target: ConnectionTarget): Promise<void> {
    const { peerId, virtualIp } = target;
    const { isHopeless } = target;
    const known = this.connections.get(peerId);
    if (known?.target.virtualIp !== virtualIp) {
      const connection = { target, path: { ...newPath(Date.now(), target), isHopeless } };
      this.connections.set(peerId, connection);
      return this.follow(connection);
    }
    const cameBack = target.online && !known.target.online;
    known.target = target;
    if (known.path.isHopeless !== isHopeless) await this.step(known, { type: 'prospect', isHopeless });
    await this.follow(known);
    if (cameBack && this.mayOrder()) await this.step(known, { type: 'peer_online' });
  }

  /** Goes to the relay that the target has, or later if there were too many orders just now. */
  private async follow(connection: Connection): Promise<void> {
    const { relay } = connection.target;
    if (relay === null || relay === connection.path.relay || !this.mayOrder()) return;
    await this.step(connection, { type: 'relay', relay });
  }

  private mayOrder(): boolean {
    return this.orders.take(1, Date.now());
  }

  private async disconnect({ peerId, publicKey }: ConnectionTarget): Promise<void> {
    this.connections.delete(peerId);
    this.sizes.forget(peerId);
    await this.network.removePeer(publicKey);
  }

  private tell(peerId: PeerId, input: PathInput): Promise<void> {
    return this.turns.take(async () => {
      const connection = this.connections.get(peerId);
      if (!connection) return;
      await this.step(connection, input);
      // What is due at once is not left to the timer.
      await this.readCounters();
    });
  }

  /** Steps a path with an input that needs what WireGuard says of the peer at this moment. */
  private judge(
    virtualIp: VirtualIp,
    inputWith: (counters: PeerCounters | undefined) => PathInput,
  ): Promise<void> {
    return this.turns.take(async () => {
      const connection = this.at(virtualIp);
      if (!connection) return;
      const readings = await this.network.readPeers();
      await this.step(connection, inputWith(readings.get(connection.target.publicKey)));
    });
  }

  private async probe({ target }: Connection, endpoint: Endpoint): Promise<void> {
    const roundTripMs = await this.network.probe(target.virtualIp);
    if (roundTripMs === null) return;
    await this.turns.take(async () => {
      const connection = this.connections.get(target.peerId);
      if (connection) await this.step(connection, { type: 'answered', endpoint, roundTripMs });
    });
  }

  private at(virtualIp: VirtualIp): Connection | undefined {
    return [...this.connections.values()].find(({ target }) => target.virtualIp === virtualIp);
  }

  private tellAll(input: PathInput): Promise<void> {
    return this.turns.take(async () => {
      await Promise.all([...this.connections.values()].map((connection) => this.step(connection, input)));
    });
  }

  private async readCounters(): Promise<void> {
    const readings = await this.network.readPeers();
    await Promise.all(
      [...this.connections.values()].map(async (connection) => {
        await this.follow(connection);
        const counters = readings.get(connection.target.publicKey);
        await this.step(connection, { type: 'counters', counters });
        this.see(connection, counters);
      }),
    );
  }

  /** Until the counters are to be read again. */
  private intervalMs(nowMs: number): number {
    const paces = [...this.connections.values()].map(({ path }) => paceOf(path, nowMs));
    return Math.min(CALM_INTERVAL_MS, ...paces);
  }

  private see({ target, path }: Connection, counters: PeerCounters | undefined): void {
    const carries = path.phase === 'relayed' || path.phase === 'direct';
    this.sizes.see(target.peerId, target.virtualIp, carries ? homeOf(path) : null, counters?.txBytes);
  }

  private forgetAll(): void {
    this.connections.clear();
    this.sizes.clear();
  }

  private async step(connection: Connection, input: PathInput): Promise<void> {
    const before = connection.path.phase;
    const { path, commands } = stepPath(connection.path, input, Date.now(), Math.random());
    connection.path = path;
    if (path.phase !== before) {
      this.emit('change', { peerId: connection.target.peerId, before, after: path.phase });
    }
    for (const command of probesLast(commands)) await this.carryOut(command, connection);
  }

  private async carryOut(command: PathCommand, connection: Connection): Promise<void> {
    const { target } = connection;
    const { publicKey, virtualIp } = target;
    const peer = { publicKey, virtualIp };
    switch (command.type) {
      case 'handshake':
        return this.network.addPeer({ ...peer, endpoint: command.endpoint });
      case 'knock':
        return this.network.knockPeer(peer, command.candidates);
      case 'forget':
        return this.network.removePeer(publicKey);
      case 'flick':
        return this.network.flickPeer(peer, command.candidates, command.home);
      case 'answer_check':
        return this.network.answerCheck(peer, command);
      case 'say_heard':
        return this.network.sayHeard(virtualIp, command.nonce);
      case 'point':
        return this.network.pointPeer(publicKey, command.endpoint);
      case 'probe':
        return void this.probe(connection, command.endpoint);
      case 'doubt':
        return void this.emit('doubt');
      case 'say_sent':
        return this.network.saySent(virtualIp);
      case 'request_attempt':
        this.emit('attemptWanted', target.peerId, command.cause);
    }
  }
}

/** A probe goes where the peer is pointed to when it leaves: not to a candidate that has its moment. */
function probesLast(commands: readonly PathCommand[]): PathCommand[] {
  return commands.toSorted((one, other) => Number(one.type === 'probe') - Number(other.type === 'probe'));
}
