import type { SocketAddress } from '#shared/endpoint';
import { clockMs } from '../clock';
import type { RelayPlaces } from '../core/relay-places';
import type { SourceLimits } from '../core/source-limits';
import type { Pair, PairIdentity } from '../core/pair';
import { Port, type PortStats } from '../core/port';
import { isDestination, type PlayerAddress } from '../core/verdict';
import type { FastPath, FlowOwner } from '../fastpath/fast-path';
import type { Counted, Flow } from '../fastpath/flow';
import type { OpenUdpPort, UdpListener, UdpPort } from './udp-port';
import { isWildcard } from './wildcard';

export interface PortSocketEvents {
  /** A player's address in a session that carried data both ways is new. */
  readonly addressChanged: (pair: Pair) => void;
  /** The socket reported an error; it stays open. */
  readonly failed: (port: number, error: Error) => void;
}

export interface PortSocketOptions {
  readonly openUdp: OpenUdpPort;
  readonly sources: SourceLimits;
  readonly events: PortSocketEvents;
  readonly fastPath: FastPath | undefined;
}

/** A UDP port and the pairs on it: carries out what the core decides. */
export class PortSocket implements UdpListener {
  readonly #core: Port;
  readonly #events: PortSocketEvents;
  readonly fastPath: FastPath | undefined;
  readonly #usualLocal: string | undefined;
  readonly #tenants = new Map<Pair, Tenant>();
  #udp!: UdpPort;
  #releaseTimer: NodeJS.Timeout | undefined;

  private constructor(local: SocketAddress, { sources, events, fastPath }: PortSocketOptions) {
    this.#usualLocal = isWildcard(local.address) ? fastPath?.usualLocal : local.address;
    this.fastPath = fastPath;
    this.#core = new Port([], sources);
    this.#events = events;
  }

  /** @throws PortUnavailableError when the port is taken or privileged. */
  static async open(local: SocketAddress, options: PortSocketOptions): Promise<PortSocket> {
    const socket = new PortSocket(local, options);
    socket.#udp = await options.openUdp(local, socket);
    return socket;
  }

  get port(): number {
    return this.#udp.port;
  }

  /** Which of this machine's addresses a player sends to; undefined where nobody knows. */
  localOf({ asked = this.#usualLocal }: PlayerAddress): string | undefined {
    return asked;
  }

  canTake(identity: PairIdentity): boolean {
    return this.#core.canTake(identity);
  }

  add(pair: Pair): Tenant {
    this.#core.add(pair);
    const tenant = new Tenant(pair, this);
    this.#tenants.set(pair, tenant);
    return tenant;
  }

  delete(pair: Pair): void {
    this.#core.delete(pair);
    this.#tenants.get(pair)?.leave();
    this.#tenants.delete(pair);
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0;
  }

  get stats(): PortStats {
    return this.#core.stats;
  }

  /** Forgets what has become useless; to be called every few seconds. */
  expire(): void {
    for (const tenant of this.#tenants.values()) tenant.expire();
  }

  /** To be called when no pair is left on it. */
  async close(): Promise<void> {
    clearTimeout(this.#releaseTimer);
    await this.#udp.close();
  }

  /** Part of {@link UdpListener}. */
  received(datagram: Buffer, source: PlayerAddress, nowMs: number): PlayerAddress | undefined {
    const verdict = this.#core.receive(datagram, source, nowMs);
    if (verdict === 'held') this.#scheduleRelease();
    const pair = this.#core.concerned;
    const tenant = pair && this.#tenants.get(pair);
    if (tenant?.noticeChanges()) this.#events.addressChanged(tenant.pair);
    return isDestination(verdict) ? verdict : undefined;
  }

  /** Part of {@link UdpListener}. */
  failed(error: Error): void {
    this.#events.failed(this.port, error);
  }

  #scheduleRelease(): void {
    const { nextReleaseAtMs } = this.#core;
    if (nextReleaseAtMs === undefined || this.#releaseTimer) return;
    // Timers may fire a little early by this clock; never earlier than a millisecond too late.
    const waitMs = Math.max(0, nextReleaseAtMs - clockMs()) + 1;
    this.#releaseTimer = setTimeout(() => {
      this.#releaseTimer = undefined;
      for (const { datagram, verdict } of this.#core.release(clockMs())) {
        if (isDestination(verdict)) this.#udp.send(datagram, verdict);
      }
      this.#scheduleRelease();
    }, waitMs);
  }
}

/** A pair on its port, and what of it has been told to others. */
export class Tenant implements FlowOwner {
  #seenAddresses = 0;
  #seenOffload = 0;
  #hasLeft = false;

  constructor(
    readonly pair: Pair,
    readonly socket: PortSocket,
  ) {}

  flows(): Flow[] {
    if (this.#hasLeft) return [];
    return this.pair.offloadedRoutes().flatMap(({ from, index, to }) => {
      const local = this.socket.localOf(from);
      // A pair whose players ask different addresses stays in user space.
      if (local === undefined || local !== this.socket.localOf(to)) return [];
      return [{ from, local, port: this.socket.port, index, to }];
    });
  }

  carried({ index }: Flow, { packets, bytes }: Counted): boolean {
    if (this.#hasLeft) return false;
    this.socket.stats.forwardedPackets += packets;
    this.socket.stats.forwardedBytes += bytes;
    this.pair.countOffloaded(index, packets, bytes, clockMs());
    this.noticeChanges();
    return true;
  }

  expire(): void {
    this.pair.expire(clockMs());
    this.noticeChanges();
  }

  forgetRelays(relays: RelayPlaces): void {
    this.pair.forgetAddresses((address) => relays.has(address));
    this.noticeChanges();
  }

  leave(): void {
    this.#hasLeft = true;
    this.socket.fastPath?.changed(this);
  }

  /** Tells the kernel what it shall forward; true when an address is new. */
  noticeChanges(): boolean {
    const { addressRevision, offloadRevision } = this.pair;
    if (offloadRevision !== this.#seenOffload) this.socket.fastPath?.changed(this);
    this.#seenOffload = offloadRevision;
    const isMoved = addressRevision !== this.#seenAddresses;
    this.#seenAddresses = addressRevision;
    return isMoved;
  }
}
