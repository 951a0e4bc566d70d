import type { RemoteInfo, Socket } from 'node:dgram';
import type { Pair } from '../core/pair';
import { Port, type PortStats } from '../core/port';
import type { SourceLimits } from '../core/limits';
import { isDestination, type Verdict } from '../core/verdict';
import type { FastPath, FlowOwner } from '../fastpath/fast-path';
import type { Counted, Flow } from '../fastpath/ruleset';
import { bindUdp, closeUdp } from './bind';

export interface PairSocketEvents {
  /** A player's address in a session that carried data both ways is new. */
  readonly addressChanged: (pair: Pair) => void;
  /** The socket reported an error; it stays open. */
  readonly failed: (error: Error) => void;
}

/** The UDP port of one pair: carries out what the core decides. */
export class PairSocket implements FlowOwner {
  readonly port: number;
  readonly #socket: Socket;
  readonly #core: Port;
  readonly #events: PairSocketEvents;
  readonly #fastPath: FastPath | undefined;
  #seenRevision = 0;
  #seenOffloadRevision = 0;
  #isClosed = false;
  #releaseTimer: NodeJS.Timeout | undefined;

  private constructor(
    socket: Socket,
    readonly pair: Pair,
    sources: SourceLimits,
    events: PairSocketEvents,
    fastPath: FastPath | undefined,
  ) {
    this.port = socket.address().port;
    this.#fastPath = fastPath;
    this.#socket = socket;
    this.#core = new Port([pair], sources);
    this.#events = events;
    socket.on('message', (datagram, source) => this.#receive(datagram, source));
    socket.on('error', (error) => events.failed(error));
  }

  /** @throws PortUnavailableError when the port is taken or privileged. */
  static async open(
    local: { address: string; port: number },
    pair: Pair,
    sources: SourceLimits,
    events: PairSocketEvents,
    fastPath?: FastPath,
  ): Promise<PairSocket> {
    return new PairSocket(await bindUdp(local.address, local.port), pair, sources, events, fastPath);
  }

  get stats(): PortStats {
    return this.#core.stats;
  }

  flows(): Flow[] {
    if (this.#isClosed) return [];
    return this.pair.offloadedRoutes().map((route) => ({ ...route, port: this.port }));
  }

  carried({ index }: Flow, { packets, bytes }: Counted): void {
    this.#core.stats.forwardedPackets += packets;
    this.#core.stats.forwardedBytes += bytes;
    this.pair.countOffloaded(index, packets, bytes, performance.now());
    this.#noticeOffload();
  }

  /** Forgets what has become useless; to be called every few seconds. */
  expire(): void {
    this.pair.expire(performance.now());
    this.#noticeOffload();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#fastPath?.changed(this);
    clearTimeout(this.#releaseTimer);
    await closeUdp(this.#socket);
  }

  #receive(datagram: Buffer, source: RemoteInfo): void {
    const verdict = this.#core.receive(datagram, source, performance.now());
    if (verdict === 'held') this.#scheduleRelease();
    else this.#carryOut(datagram, verdict);
    this.#noticeOffload();
    if (this.pair.addressRevision === this.#seenRevision) return;
    this.#seenRevision = this.pair.addressRevision;
    this.#events.addressChanged(this.pair);
  }

  #noticeOffload(): void {
    if (this.pair.offloadRevision === this.#seenOffloadRevision) return;
    this.#seenOffloadRevision = this.pair.offloadRevision;
    this.#fastPath?.changed(this);
  }

  #carryOut(datagram: Buffer, verdict: Verdict): void {
    if (isDestination(verdict)) this.#socket.send(datagram, verdict.port, verdict.address);
  }

  #scheduleRelease(): void {
    const { nextReleaseAtMs } = this.#core;
    if (nextReleaseAtMs === undefined || this.#releaseTimer) return;
    // Timers may fire a little early by this clock; never earlier than a millisecond too late.
    const waitMs = Math.max(0, nextReleaseAtMs - performance.now()) + 1;
    this.#releaseTimer = setTimeout(() => {
      this.#releaseTimer = undefined;
      for (const { datagram, verdict } of this.#core.release(performance.now()))
        this.#carryOut(datagram, verdict);
      this.#scheduleRelease();
    }, waitMs);
  }
}
