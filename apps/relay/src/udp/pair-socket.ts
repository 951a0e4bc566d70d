import type { RemoteInfo, Socket } from 'node:dgram';
import type { Pair } from '../core/pair';
import { Port, type PortStats } from '../core/port';
import type { SourceLimits } from '../core/limits';
import { isDestination, type Verdict } from '../core/verdict';
import { bindUdp, closeUdp } from './bind';

export interface PairSocketEvents {
  /** A player's address in a session that carried data both ways is new. */
  readonly addressChanged: (pair: Pair) => void;
  /** The socket reported an error; it stays open. */
  readonly failed: (error: Error) => void;
}

/** The UDP port of one pair: carries out what the core decides. */
export class PairSocket {
  readonly port: number;
  readonly #socket: Socket;
  readonly #core: Port;
  readonly #events: PairSocketEvents;
  #seenRevision = 0;
  #releaseTimer: NodeJS.Timeout | undefined;

  private constructor(
    socket: Socket,
    readonly pair: Pair,
    sources: SourceLimits,
    events: PairSocketEvents,
  ) {
    this.port = socket.address().port;
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
  ): Promise<PairSocket> {
    return new PairSocket(await bindUdp(local.address, local.port), pair, sources, events);
  }

  get stats(): PortStats {
    return this.#core.stats;
  }

  async close(): Promise<void> {
    clearTimeout(this.#releaseTimer);
    await closeUdp(this.#socket);
  }

  #receive(datagram: Buffer, source: RemoteInfo): void {
    const verdict = this.#core.receive(datagram, source, performance.now());
    if (verdict === 'held') this.#scheduleRelease();
    else this.#carryOut(datagram, verdict);
    if (this.pair.addressRevision === this.#seenRevision) return;
    this.#seenRevision = this.pair.addressRevision;
    this.#events.addressChanged(this.pair);
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
