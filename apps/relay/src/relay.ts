import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import type { OpenPair, relayErrorCodes } from '#shared/api/relay-link';
import { type Endpoint, formatEndpoint } from '#shared/endpoint';
import { SerialQueue } from '#shared/serial-queue';
import type { PublicKey } from '#shared/wireguard/key';
import { clockMs } from './clock';
import { defaultLimits, type RelayLimits } from './core/limits';
import { Pair, type PairIdentity } from './core/pair';
import { emptyStats, maxPairsPerPort, type PortStats } from './core/port';
import { type RelayPlace, RelayPlaces } from './core/relay-places';
import { SourceLimits } from './core/source-limits';
import { portCount, type PortRange, portsOfTurn, portsToTry } from './core/port-choice';
import { dropReasons } from './core/verdict';
import type { FastPath } from './fastpath/fast-path';
import { PortUnavailableError } from './udp/bind';
import { openDgramPort } from './udp/dgram-port';
import { PortSocket, type PortSocketOptions, type Tenant } from './udp/port-socket';
import type { OpenUdpPort } from './udp/udp-port';
import { isWildcard } from './udp/wildcard';

export interface RelayOptions {
  /** Local IP address of the sockets. */
  readonly bindAddress: string;
  /** To which players send; the local one unless told. */
  readonly publicAddress?: string;
  readonly ports: PortRange;
  readonly limits?: RelayLimits;
  /** Lets the kernel forward what it can; its life is the caller's business. */
  readonly fastPath?: FastPath | undefined;
  /** Where datagrams come from and go to; node:dgram unless told. */
  readonly openUdp?: OpenUdpPort;
}

type Refusal = (typeof relayErrorCodes)[number];
export type OpenResult = { readonly port: number } | { readonly error: Refusal };

/** Where a player is, as its confirmed sessions show. */
export interface Observation {
  readonly pairId: string;
  readonly publicKey: PublicKey;
  readonly endpoint: Endpoint;
}

/** Each port expires every 5 s, a few of them at a time: all at once would hold up the games for 10 ms. */
const expireTurnEveryMs = 100;
const expireTurns = 50;

/** The pairs that are open here, on ports of the range, which those without a common player share. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #log: Logger;
  readonly #limits: RelayLimits;
  readonly #sources: SourceLimits;
  readonly #opened = new Map<string, Tenant>();
  readonly #sockets = new Map<number, PortSocket>();
  readonly #socketOptions: PortSocketOptions;
  /** What ports that are closed now have carried. */
  readonly #closedStats = emptyStats();
  /** Pairs that were not opened, by reason. */
  readonly refusals: Record<Refusal, number> = { NO_FREE_PORT: 0, AT_CAPACITY: 0 };
  readonly #expiry: NodeJS.Timeout;
  #expireTurn = 0;
  /** One change at a time: two requests for one pair or one port do not meet. */
  readonly #changes = new SerialQueue();
  #onObserved: (observations: Observation[]) => void = () => undefined;

  constructor(options: RelayOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#limits = options.limits ?? defaultLimits;
    this.#sources = new SourceLimits(this.#limits, new RelayPlaces(ownAddresses(options)));
    this.#socketOptions = {
      openUdp: options.openUdp ?? openDgramPort,
      sources: this.#sources,
      events: {
        addressChanged: (pair) => this.#onObserved(observationsOf(pair)),
        failed: (port, error) => this.#log.warn({ port, err: error }, 'socket failed'),
      },
      fastPath: options.fastPath,
    };
    this.#expiry = setInterval(() => this.#expire(), expireTurnEveryMs).unref();
  }

  /** The most pairs that can be open at once. */
  get capacity(): number {
    return Math.min(this.#limits.maxPairs, portCount(this.#options.ports) * maxPairsPerPort);
  }

  /** Registers who is told when the address of a player is new. */
  onObserved(listener: (observations: Observation[]) => void): void {
    this.#onObserved = listener;
  }

  /**
   * Takes nobody at these relays for a player, and sends nothing more to where one seemed to be there.
   * @param addresses of all other relays, each as an IP address, which stands for the same ports as this relay's, or with its
   * ports, as in `192.0.2.1 51900-52155`
   */
  refuseSources(addresses: readonly string[]): void {
    this.#sources.relays.replaceOthers(addresses.map((text) => relayPlace(text, this.#options.ports)));
    for (const tenant of this.#opened.values()) tenant.forgetRelays(this.#sources.relays);
  }

  /** Opens a pair on the preferred port if possible. Idempotent: a pair that is open keeps its port. */
  open(identity: PairIdentity, preferredPort: number | null): Promise<OpenResult> {
    return this.#changes.run(async () => {
      const result = await this.#open(identity, preferredPort);
      if ('error' in result) this.refusals[result.error]++;
      return result;
    });
  }

  /** Closes pairs; those that are not open are ignored. */
  close(pairIds: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      for (const pairId of pairIds) await this.#close(pairId);
    });
  }

  /** Closes the pairs of whose sessions nothing was heard for so long. */
  closeIdle(idleMs: number): Promise<void> {
    const now = clockMs();
    const idle = [...this.#opened].filter(([, { pair }]) => now - pair.lastHeardAtMs > idleMs);
    return this.close(idle.map(([pairId]) => pairId));
  }

  async stop(): Promise<void> {
    clearInterval(this.#expiry);
    await this.close([...this.#opened.keys()]);
  }

  /** The open pairs as the control plane wants to hear of them. */
  pairs(): OpenPair[] {
    return Array.from(this.#opened.values(), ({ pair, socket: { port } }) => ({
      pairId: pair.identity.pairId,
      players: [...pair.identity.players],
      port,
    }));
  }

  /** All players whose addresses are known from confirmed sessions. */
  observations(): Observation[] {
    return Array.from(this.#opened.values()).flatMap(({ pair }) => observationsOf(pair));
  }

  /** Those that are open. */
  get ports(): number[] {
    return [...this.#sockets.keys()];
  }

  get pairCount(): number {
    return this.#opened.size;
  }

  /** IP addresses whose rates were forgotten because others came. */
  get sourcesForgotten(): number {
    return this.#sources.forgotten;
  }

  get sessionCount(): number {
    return Array.from(this.#opened.values()).reduce((sum, { pair }) => sum + pair.memory.sessions, 0);
  }

  /** What all ports, open and closed, have carried. */
  totals(): PortStats {
    const totals = emptyStats();
    addStats(totals, this.#closedStats);
    const unattributed = this.#options.fastPath?.unattributed;
    totals.forwardedPackets += unattributed?.packets ?? 0;
    totals.forwardedBytes += unattributed?.bytes ?? 0;
    for (const { stats } of this.#sockets.values()) addStats(totals, stats);
    return totals;
  }

  async #open(identity: PairIdentity, preferredPort: number | null): Promise<OpenResult> {
    const opened = this.#opened.get(identity.pairId);
    if (opened && isSame(opened.pair.identity, identity)) return { port: opened.socket.port };
    if (opened) await this.#close(identity.pairId);
    if (this.#opened.size >= this.capacity) return { error: 'AT_CAPACITY' };
    return this.#openOnFreePort(identity, preferredPort);
  }

  async #openOnFreePort(identity: PairIdentity, preferredPort: number | null): Promise<OpenResult> {
    for (const port of portsToTry(identity.pairId, this.#options.ports, preferredPort)) {
      const socket = this.#sockets.get(port) ?? (await this.#tryPort(port));
      if (!socket?.canTake(identity)) continue;
      const pair = new Pair(identity, this.#limits, this.#sources.misses, clockMs());
      this.#opened.set(identity.pairId, socket.add(pair));
      this.#log.debug({ pairId: identity.pairId, port }, 'pair opened');
      return { port };
    }
    this.#log.warn({ pairId: identity.pairId }, 'pair refused: no free port');
    return { error: 'NO_FREE_PORT' };
  }

  async #tryPort(port: number): Promise<PortSocket | undefined> {
    try {
      const local = { address: this.#options.bindAddress, port };
      const socket = await PortSocket.open(local, this.#socketOptions);
      this.#sockets.set(port, socket);
      this.#sources.relays.ownPorts.add(port);
      return socket;
    } catch (error) {
      if (error instanceof PortUnavailableError) return undefined;
      throw error;
    }
  }

  async #close(pairId: string): Promise<void> {
    const opened = this.#opened.get(pairId);
    if (!opened) return;
    const { pair, socket } = opened;
    this.#opened.delete(pairId);
    socket.delete(pair);
    this.#log.debug({ pairId }, 'pair closed');
    if (!socket.isEmpty) return;
    this.#sockets.delete(socket.port);
    this.#sources.relays.ownPorts.delete(socket.port);
    addStats(this.#closedStats, socket.stats);
    await socket.close();
  }

  #expire(): void {
    const ports = portsOfTurn(this.#options.ports, this.#expireTurn, expireTurns);
    for (const port of ports) this.#sockets.get(port)?.expire();
    this.#expireTurn = (this.#expireTurn + 1) % expireTurns;
  }
}

/** Under which this relay's own datagrams could come back to it. */
function ownAddresses({ bindAddress, publicAddress = bindAddress }: RelayOptions): Set<string> {
  const local = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const bound = isWildcard(bindAddress) ? local.map(({ address }) => address) : [bindAddress];
  return new Set([...bound, publicAddress]);
}

function relayPlace(text: string, usualPorts: PortRange): RelayPlace {
  const [address = '', first, last = first] = text.split(/[ -]/);
  return { address, ports: first ? { first: Number(first), last: Number(last) } : usualPorts };
}

function isSame(one: PairIdentity, other: PairIdentity): boolean {
  return one.players.every((player, side) => player === other.players[side]);
}

function observationsOf(pair: Pair): Observation[] {
  const { pairId, players } = pair.identity;
  return pair.observedAddresses().flatMap((address, side) => {
    const publicKey = players[side];
    // A link-local address (RFC 4007 section 11: fe80::1%eth0) means something on this link alone.
    if (!publicKey || !address || address.address.includes('%')) return [];
    return [{ pairId, publicKey, endpoint: formatEndpoint(address) }];
  });
}

function addStats(sum: PortStats, more: PortStats): void {
  sum.forwardedPackets += more.forwardedPackets;
  sum.forwardedBytes += more.forwardedBytes;
  sum.handshakes += more.handshakes;
  for (const reason of dropReasons) sum.drops[reason] += more.drops[reason];
}
