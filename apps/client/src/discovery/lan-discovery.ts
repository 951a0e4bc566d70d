import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { loadSystem } from '#runtime/native/system';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { SerialQueue } from '#shared/serial-queue';
import { TokenBucket } from '#shared/token-bucket';
import { interfaceAddresses } from '../network/interfaces';
import { BroadcastRoutes } from './broadcast-routes';
import { Carriage } from './carriage';
import { lanFilter, type OwnAddress } from './filter';
import { Flows, type Flow } from './flows';
import { GameSearch } from './games/game-search';
import { gamesFilter } from './games/games-filter';
import { KnownServers, type KnownServer } from './games/known-servers';
import { recognise } from './games/recognition';
import type { Shown } from './games/sighting';
import { CaptureSocket, PacketSender } from './lan-sockets';
import { farPlayers, type OwnNetwork, type Player } from './neighbours';
import { addressOf, Copy, numberOf, readDatagram } from './packet';
import { carriedText, type CarriedPorts } from './ports';

/** What status and `lanrage discovery` show. */
export interface DiscoveryInfo {
  /** `off`: nothing is carried, `detail` says why. */
  readonly state: 'on' | 'off';
  /** Which ports are carried, in words; null: none. */
  readonly carries: string | null;
  readonly detail: string | null;
  /** What games of this machine have said to the LAN, the latest first. */
  readonly flows: readonly Flow[];
  /** Servers of games that run in the party, as far as they show themselves. */
  readonly servers: readonly KnownServer[];
}

/** How often datagrams are looked at by which servers may show themselves. */
const SHOWN = { perSecond: 100, burst: 500 } as const;
/** Between two times that a change of the servers is told. */
const TOLD_INTERVAL_MS = 100;
/** In case nothing tells of a change of the interfaces. */
const LOOK_INTERVAL_MS = 10_000;
/** Starting a program holds this one up for a moment, and players who have just met look for a direct path first. */
const ROUTES_AFTER_MS = 4_000;

/**
 * Has the games of a party find each other: what a game of this machine says to its whole LAN by broadcast or multicast is
 * sent once more to each other player, as a datagram of its own from the player's virtual address and the game's port. The
 * game there takes it as if it had come from next door, and answers by the tunnel. The other side needs nothing. See ADR 19.
 * Servers that show themselves in the tunnel are remembered.
 */
export class LanDiscovery {
  private capture: CaptureSocket | undefined;
  private watch: CaptureSocket | undefined;
  private sender: PacketSender | undefined;
  private timer: NodeJS.Timeout | undefined;
  private telling: NodeJS.Timeout | undefined;
  private soon: NodeJS.Timeout | undefined;
  private ports: CarriedPorts | null = null;
  private ownIp: VirtualIp | undefined;
  private own: readonly OwnAddress[] = [];
  private networks: readonly OwnNetwork[] = [];
  private detail: string | null = null;
  private readonly routes: BroadcastRoutes;
  private readonly flows = new Flows();
  private readonly carriage = new Carriage(performance.now());
  private readonly servers = new KnownServers();
  private readonly shown = new TokenBucket(SHOWN, performance.now());
  private readonly search = new GameSearch((address, shown) => this.notice(address, shown));
  /** One beginning or end after the other. */
  private readonly changes = new SerialQueue();

  /**
   * @param players those whose paths work now
   * @param onServers told when other servers show themselves than before
   */
  constructor(
    private readonly interfaceName: string,
    private readonly players: () => readonly Player[],
    private readonly onServers: (servers: readonly KnownServer[]) => void,
  ) {
    this.routes = new BroadcastRoutes(interfaceName);
  }

  info(): DiscoveryInfo {
    const { ports, detail } = this;
    const carries = ports && carriedText(ports);
    const state = this.capture === undefined ? 'off' : 'on';
    return { state, carries, detail, flows: this.flows.latest(), servers: this.shownServers() };
  }

  /**
   * Carries from now on, with the interface as it is now. Never fails: what keeps it from that shows in {@link info}.
   * @param ports null: nothing
   */
  begin(ownIp: VirtualIp, ports: CarriedPorts | null): Promise<void> {
    return this.changes.run(async () => {
      await this.stop();
      this.ports = ports;
      this.ownIp = ownIp;
      if (ports === null) return void (this.detail = 'switched off by LANRAGE_DISCOVERY');
      const system = await loadSystem();
      try {
        if (typeof system === 'string') throw new Error(system);
        this.see();
        this.sender = new PacketSender(system, this.interfaceName);
        this.capture = new CaptureSocket(system, lanFilter(this.own, ports), 0, (packet) =>
          this.carry(packet),
        );
        const tunnel = indexOf(this.interfaceName) ?? 0;
        this.watch = new CaptureSocket(system, gamesFilter(), tunnel, (packet) => this.hear(packet));
        this.timer = setInterval(() => this.lookAtAddresses(), LOOK_INTERVAL_MS).unref();
        this.soon = setTimeout(() => this.look(), ROUTES_AFTER_MS).unref();
        this.detail = null;
      } catch (error) {
        await this.stop();
        this.detail = (error as Error).message;
      }
    });
  }

  /** Asks all machines of the party for servers that do not announce themselves, for 0.7 s; {@link info} has them then. */
  async findServers(): Promise<void> {
    const { ports, ownIp } = this;
    if (ports === null || ownIp === undefined) return;
    const players = this.players().map(({ virtualIp }) => virtualIp);
    await this.search.search(ownIp, players, ports);
  }

  /** This machine may have other addresses or routes than before. */
  look(): void {
    this.lookAtAddresses();
    void this.changes.run(async () => {
      if (this.capture) await this.routes.look();
    });
  }

  end(): Promise<void> {
    return this.changes.run(() => this.stop());
  }

  private async stop(): Promise<void> {
    clearInterval(this.timer);
    clearTimeout(this.telling);
    this.telling = undefined;
    clearTimeout(this.soon);
    this.capture?.close();
    this.watch?.close();
    this.sender?.close();
    this.capture = undefined;
    this.watch = undefined;
    this.sender = undefined;
    await this.routes.remove();
  }

  private lookAtAddresses(): void {
    if (!this.capture || this.ports === null) return;
    const before = this.own;
    this.see();
    if (!isDeepStrictEqual(before, this.own)) this.capture.filter(lanFilter(this.own, this.ports));
  }

  private see(): void {
    const ipv4 = interfaceAddresses().filter(({ address }) => !address.includes(':'));
    this.networks = ipv4.filter(({ interfaceName }) => interfaceName !== this.interfaceName);
    this.own = ipv4.flatMap(({ interfaceName, address, prefixBits }): OwnAddress[] => {
      const interfaceIndex = indexOf(interfaceName);
      const number = numberOf(address);
      const size = 2 ** (32 - prefixBits);
      const broadcast = prefixBits > 30 ? null : number - (number % size) + size - 1;
      return interfaceIndex === null ? [] : [{ interfaceIndex, address: number, broadcast }];
    });
  }

  private carry(packet: Buffer): void {
    const datagram = readDatagram(packet);
    const { ownIp, sender } = this;
    if (!datagram || !ownIp || !sender) return;
    const players = farPlayers(this.players(), this.networks, datagram.source);
    const verdict = this.carriage.judge(datagram, players.length, performance.now());
    if (verdict !== 'carried') return this.flows.count(datagram, verdict, 0);
    const copy = new Copy(datagram, numberOf(ownIp));
    for (const virtualIp of players) {
      const address = numberOf(virtualIp);
      sender.add(copy.aimedAt(address), address);
    }
    this.flows.count(datagram, verdict, sender.flush());
  }

  /** Something in the tunnel that may be a server showing itself: another player's, or this machine's. */
  private hear(packet: Buffer): void {
    const datagram = readDatagram(packet);
    if (datagram) this.notice(addressOf(datagram.source), datagram);
  }

  private notice(address: string, shown: Shown): void {
    const nowMs = performance.now();
    if (!this.shown.take(1, nowMs)) return;
    const sighting = recognise(shown);
    if (sighting && this.servers.see(address, sighting, nowMs)) this.tellSoon();
  }

  private shownServers(): KnownServer[] {
    const present = new Set<string>(this.players().map(({ virtualIp }) => virtualIp));
    const isPlayer = (address: string) => address === this.ownIp || present.has(address);
    return this.servers.list(isPlayer, performance.now());
  }

  private tellSoon(): void {
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      this.onServers(this.shownServers());
    }, TOLD_INTERVAL_MS).unref();
  }
}

/** @returns null for one that has just gone */
function indexOf(interfaceName: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${interfaceName}/ifindex`, 'utf8'));
  } catch {
    return null;
  }
}
