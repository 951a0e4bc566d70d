import { EventEmitter } from 'node:events';
import type { Presence } from '#shared/api/party';
import type { ServerInfo } from '#shared/api/rest';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { UdpReach } from '#shared/party/udp-reach';
import type { ClientConfig } from '../config';
import { interfaceAddresses } from '../network/interfaces';
import { ipv4Access } from '../network/ipv4/ipv4-access';
import { NetworkWatch } from '../network/network-watch';
import { NATTraversal, type NatInfo } from './nat-traversal';
import { ownCandidates } from './own-candidates';
import { PortMapping } from './port-mapping';
import { reportOf, type RelayInfo } from './relay-figures';
import { udpReachOf, type Carrier } from './udp-reach';
import { RelayMonitor } from './relay-monitor';

interface ReachabilityEvents {
  /** There is something new to tell the control plane. */
  news: [];
  /** This machine can be reached at another port than before. */
  mapped: [];
  /** This machine has other addresses or routes, or slept. */
  moved: [];
  natDetected: [NatInfo];
  /** The control plane could not be asked; tried again. */
  fault: [Error];
}

/** How soon another way to IPv4 addresses is noticed, where the network itself seems to be the same. */
const IPV4_INTERVAL_MS = 2_000;

/** What the paths to the other players are carried by, as far as they work. */
type Carriers = () => ReadonlySet<Carrier>;

type AskServer = (signal?: AbortSignal) => Promise<ServerInfo>;

/**
 * Where this machine is on the network, and how others get to it: its NAT, a port that its router maps, its addresses, how
 * far it is to the relays. Looks on while the agent is in a party.
 */
export class Reachability extends EventEmitter<ReachabilityEvents> {
  readonly nat = new NATTraversal((signal) => this.stunServers(signal));
  readonly portMapping = new PortMapping();
  private readonly networkWatch: NetworkWatch;
  private readonly relayMonitor: RelayMonitor;
  private relays: readonly RelayInfo[] = [];
  private isWatching = false;
  private ipv4Timer: NodeJS.Timeout | undefined;
  private ipv4Way = ipv4Access.way;
  private toldUdp: UdpReach = 'unknown';

  /** @param network has the port of WireGuard, while there is one, and points it to where peers are */
  constructor(
    private readonly config: ClientConfig,
    private readonly network: { readonly listenPort: number | null; renewEndpoints(): Promise<void> },
    private readonly askServer: AskServer,
    private readonly carriers: Carriers = () => new Set(),
  ) {
    super();
    this.networkWatch = new NetworkWatch(config.interface);
    this.relayMonitor = new RelayMonitor(() => askServer());
    this.relayMonitor.on('news', () => this.emit('news'));
    this.relayMonitor.on('fault', (error) => this.emit('fault', error));
    this.networkWatch.on('change', () => void this.onMoved());
    this.portMapping.on('change', () => this.onMapped());
  }

  /** Finds out about the NAT, in 3 s at most; never fails. */
  async detectNat(): Promise<void> {
    const info = await this.nat.detectNat();
    this.relayMonitor.learn(this.relays, info.stunServers);
    this.emit('natDetected', info);
    this.emit('news');
  }

  /** Another server has other relays. */
  serverChanged(): void {
    this.relays = [];
    this.relayMonitor.forget();
    void this.detectNat();
  }

  /** Before there is a party: the router's answer is then there in time for the first attempt at a direct path. */
  prepare(): void {
    this.mapPort();
  }

  /** From now on the agent is in a party, or has a new interface for it. */
  begin(): void {
    this.isWatching = true;
    this.mapPort();
    this.networkWatch.start();
    this.relayMonitor.start();
    this.watchIpv4();
    this.emit('news');
  }

  /** The party is over; undoes what the router was asked for. */
  async end(): Promise<void> {
    this.isWatching = false;
    clearInterval(this.ipv4Timer);
    this.networkWatch.stop();
    this.relayMonitor.stop();
    await this.portMapping.close();
  }

  /** From whom this machine gets answers by UDP. */
  get udp(): UdpReach {
    const { figures } = this.relayMonitor;
    const ofRelays = new Set(this.relays.flatMap(({ stunEndpoints }) => stunEndpoints));
    const others = this.nat.info().stunServers.filter(({ endpoint }) => !ofRelays.has(endpoint));
    const isOtherAnswering = others.some(({ roundTripMs }) => roundTripMs !== null);
    const hasIpv4 = ipv4Access.way.kind !== 'none';
    return udpReachOf({ figures, isOtherAnswering, hasIpv4, carriers: this.carriers() });
  }

  /** Whether no relay answered when it was measured last. */
  private get isSilent(): boolean {
    return this.relayMonitor.figures.every(({ roundTripMs }) => roundTripMs === null);
  }

  /** A player does not answer, or gets no answers: sees whether the relays still do. */
  look(): void {
    this.relayMonitor.look();
  }

  /** A path works, or does so no more. */
  pathsChanged(): void {
    // What was measured before is no more so.
    if (this.carriers().has('relay') && this.isSilent) this.look();
    if (this.udp !== this.toldUdp) this.emit('news');
  }

  /** The server's list of relays has this version now. */
  heardOfRelays(version: string | undefined): void {
    this.relayMonitor.heard(version);
  }

  /** What the control plane is told. */
  presence(): Presence {
    const { nat, portMapping, port } = this;
    const { direct } = this.config;
    this.toldUdp = this.udp;
    const isReachable = direct && port !== 0;
    return {
      natType: nat.natType,
      endpoint: nat.currentEndpoint(),
      candidates: isReachable ? ownCandidates(this.addresses(), port, portMapping.endpoint) : [],
      direct,
      udp: this.toldUdp,
      relayRoundTripsMs: reportOf(this.relayMonitor.figures),
    };
  }

  /** The party's own interface leads back into the party. */
  private addresses() {
    return interfaceAddresses().filter(({ interfaceName }) => interfaceName !== this.config.interface);
  }

  /** WireGuard's UDP port, now or as soon as it opens; 0: not known yet. */
  private get port(): number {
    return this.network.listenPort ?? this.nat.probedPort;
  }

  /** For the same port again, it looks for the router again. */
  private mapPort(): void {
    const isWanted = this.config.direct && this.config.portMapping;
    if (isWanted && this.port !== 0) this.portMapping.open(this.port);
  }

  private onMapped(): void {
    if (this.isWatching) this.emit('mapped');
  }

  /** Another network may say late how it reaches IPv4 addresses: after it has given this machine its own. */
  private watchIpv4(): void {
    clearInterval(this.ipv4Timer);
    this.ipv4Way = ipv4Access.way;
    this.ipv4Timer = setInterval(() => void this.lookAtIpv4(), IPV4_INTERVAL_MS).unref();
  }

  private async lookAtIpv4(): Promise<void> {
    const way = await ipv4Access.look();
    if (this.isWatching && way !== this.ipv4Way) await this.onMoved();
  }

  /** The NAT is another one, and so are the ways to the relays. */
  private async onMoved(): Promise<void> {
    this.ipv4Way = await ipv4Access.renew();
    await this.network.renewEndpoints().catch((error: Error) => void this.emit('fault', error));
    this.emit('moved');
    this.mapPort();
    this.relayMonitor.start();
    await this.detectNat();
  }

  private async stunServers(signal: AbortSignal): Promise<readonly Endpoint[]> {
    const own = this.config.stunServers.flatMap((text) => parseEndpoint(text) ?? []);
    const info = await this.askServer(signal).catch((error: Error) => void this.emit('fault', error));
    this.relays = info?.relays ?? [];
    const offered = this.relays.flatMap(({ stunEndpoints }) => stunEndpoints);
    return [...new Set([...own, ...offered])];
  }
}
