import type { Logger } from 'pino';
import type { OpenPair, relayErrorCodes } from '#shared/api/relay-link';
import { type Endpoint, formatEndpoint } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import { defaultLimits, type RelayLimits, SourceLimits } from './core/limits';
import { Pair, type PairIdentity } from './core/pair';
import { emptyStats, type PortStats } from './core/port';
import { portCount, type PortRange, portsToTry } from './core/port-choice';
import { dropReasons } from './core/verdict';
import type { FastPath } from './fastpath/fast-path';
import { PortUnavailableError } from './udp/bind';
import { PairSocket, type PairSocketEvents } from './udp/pair-socket';

export interface RelayOptions {
  /** Local IP address of the sockets. */
  readonly bindAddress: string;
  readonly ports: PortRange;
  readonly limits?: RelayLimits;
  /** Lets the kernel forward what it can; its life is the caller's business. */
  readonly fastPath?: FastPath | undefined;
}

export type OpenResult = { readonly port: number } | { readonly error: (typeof relayErrorCodes)[number] };

/** Where a player is, as its confirmed sessions show. */
export interface Observation {
  readonly pairId: string;
  readonly publicKey: PublicKey;
  readonly endpoint: Endpoint;
}

/** What an open pair needs besides its socket to be closed when nobody plays any more. */
interface Opened {
  readonly socket: PairSocket;
  forwardedPackets: number;
  activeAtMs: number;
}

const expireEveryMs = 5000;

/** The pairs that are open here, each on its own port of the range. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #log: Logger;
  readonly #limits: RelayLimits;
  readonly #sources: SourceLimits;
  readonly #opened = new Map<string, Opened>();
  readonly #usedPorts = new Set<number>();
  /** What the pairs that are closed now have carried. */
  readonly #closedStats = emptyStats();
  readonly #expiry: NodeJS.Timeout;
  #lastChange: Promise<unknown> = Promise.resolve();
  #onObserved: (observations: Observation[]) => void = () => undefined;

  constructor(options: RelayOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#limits = options.limits ?? defaultLimits;
    this.#sources = new SourceLimits(this.#limits);
    this.#expiry = setInterval(() => this.#expire(), expireEveryMs).unref();
  }

  /** The most pairs that can be open at once. */
  get capacity(): number {
    return portCount(this.#options.ports);
  }

  /** Registers who is told when the address of a player is new. */
  onObserved(listener: (observations: Observation[]) => void): void {
    this.#onObserved = listener;
  }

  /** Opens a pair on the preferred port if possible. Idempotent: a pair that is open keeps its port. */
  open(identity: PairIdentity, preferredPort: number | null): Promise<OpenResult> {
    return this.#inTurn(async () => {
      const opened = this.#opened.get(identity.pairId);
      if (opened && isSame(opened.socket.pair.identity, identity)) return { port: opened.socket.port };
      if (opened) await this.#close(identity.pairId);
      if (this.#opened.size >= this.capacity) return { error: 'AT_CAPACITY' };
      return this.#openOnFreePort(identity, preferredPort);
    });
  }

  /** Closes pairs; those that are not open are ignored. */
  close(pairIds: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const pairId of pairIds) await this.#close(pairId);
    });
  }

  /** Closes the pairs that forwarded nothing for so long. */
  closeIdle(idleMs: number): Promise<void> {
    const now = performance.now();
    const idle = [...this.#opened].filter(([, { activeAtMs }]) => now - activeAtMs > idleMs);
    return this.close(idle.map(([pairId]) => pairId));
  }

  async stop(): Promise<void> {
    clearInterval(this.#expiry);
    await this.close([...this.#opened.keys()]);
  }

  /** The open pairs as the control plane wants to hear of them. */
  pairs(): OpenPair[] {
    return Array.from(this.#opened.values(), ({ socket: { pair, port } }) => ({
      pairId: pair.identity.pairId,
      players: [...pair.identity.players],
      port,
    }));
  }

  /** All players whose addresses are known from confirmed sessions. */
  observations(): Observation[] {
    return Array.from(this.#opened.values()).flatMap(({ socket }) => observationsOf(socket.pair));
  }

  get pairCount(): number {
    return this.#opened.size;
  }

  get sessionCount(): number {
    return Array.from(this.#opened.values()).reduce(
      (sum, { socket }) => sum + socket.pair.memory.sessions,
      0,
    );
  }

  /** What all pairs, open and closed, have carried. */
  totals(): PortStats {
    const totals = emptyStats();
    addStats(totals, this.#closedStats);
    const unattributed = this.#options.fastPath?.unattributed;
    totals.forwardedPackets += unattributed?.packets ?? 0;
    totals.forwardedBytes += unattributed?.bytes ?? 0;
    for (const { socket } of this.#opened.values()) addStats(totals, socket.stats);
    return totals;
  }

  async #openOnFreePort(identity: PairIdentity, preferredPort: number | null): Promise<OpenResult> {
    const pair = new Pair(identity, this.#limits, this.#sources.misses, performance.now());
    for (const port of portsToTry(identity.pairId, this.#options.ports, preferredPort)) {
      if (this.#usedPorts.has(port)) continue;
      const socket = await this.#tryPort(port, pair);
      if (!socket) continue;
      this.#usedPorts.add(port);
      this.#opened.set(identity.pairId, { socket, forwardedPackets: 0, activeAtMs: performance.now() });
      this.#log.debug({ pairId: identity.pairId, port }, 'pair opened');
      return { port };
    }
    this.#log.warn({ pairId: identity.pairId }, 'pair refused: no free port');
    return { error: 'NO_FREE_PORT' };
  }

  async #tryPort(port: number, pair: Pair): Promise<PairSocket | undefined> {
    const events: PairSocketEvents = {
      addressChanged: () => this.#onObserved(observationsOf(pair)),
      failed: (error) => this.#log.warn({ pairId: pair.identity.pairId, err: error }, 'socket failed'),
    };
    try {
      const { bindAddress: address, fastPath } = this.#options;
      return await PairSocket.open({ address, port }, pair, this.#sources, events, fastPath);
    } catch (error) {
      if (error instanceof PortUnavailableError) return undefined;
      throw error;
    }
  }

  async #close(pairId: string): Promise<void> {
    const opened = this.#opened.get(pairId);
    if (!opened) return;
    this.#opened.delete(pairId);
    addStats(this.#closedStats, opened.socket.stats);
    await opened.socket.close();
    this.#usedPorts.delete(opened.socket.port);
    this.#log.debug({ pairId }, 'pair closed');
  }

  /** One change at a time: two requests for one pair or one port do not meet. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }

  #expire(): void {
    const now = performance.now();
    for (const opened of this.#opened.values()) {
      opened.socket.expire();
      const { forwardedPackets } = opened.socket.stats;
      if (forwardedPackets !== opened.forwardedPackets) opened.activeAtMs = now;
      opened.forwardedPackets = forwardedPackets;
    }
  }
}

function isSame(one: PairIdentity, other: PairIdentity): boolean {
  return one.players.every((player, side) => player === other.players[side]);
}

function observationsOf(pair: Pair): Observation[] {
  const { pairId, players } = pair.identity;
  const [first, second] = pair.observedAddresses();
  return [
    ...(first ? [{ pairId, publicKey: players[0], endpoint: formatEndpoint(first) }] : []),
    ...(second ? [{ pairId, publicKey: players[1], endpoint: formatEndpoint(second) }] : []),
  ];
}

function addStats(sum: PortStats, more: PortStats): void {
  sum.forwardedPackets += more.forwardedPackets;
  sum.forwardedBytes += more.forwardedBytes;
  sum.handshakes += more.handshakes;
  for (const reason of dropReasons) sum.drops[reason] += more.drops[reason];
}
