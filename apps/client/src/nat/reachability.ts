import { EventEmitter } from 'node:events';
import type { Presence } from '#shared/api/party';
import type { ServerInfo } from '#shared/api/rest';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { ClientConfig } from '../config';
import { interfaceAddresses } from '../network/interfaces';
import { NetworkWatch } from '../network/network-watch';
import { NATTraversal, type NatInfo } from './nat-traversal';
import { ownCandidates } from './own-candidates';
import { PortMapping } from './port-mapping';
import { reportOf, type RelayInfo } from './relay-figures';
import { RelayMonitor } from './relay-monitor';

interface ReachabilityEvents {
  /** There is something new to tell the control plane. */
  news: [];
  /** This machine can be reached at another port than before. */
  mapped: [];
  /** This machine has other addresses, or slept. */
  moved: [];
  natDetected: [NatInfo];
  /** The control plane could not be asked; tried again. */
  fault: [Error];
}

type AskServer = (signal?: AbortSignal) => Promise<ServerInfo>;

/**
 * Where this machine is on the network, and how others get to it: its NAT, a port that its router maps, its addresses, how
 * far it is to the relays. Looks on while the agent is in a party.
 */
export class Reachability extends EventEmitter<ReachabilityEvents> {
  readonly nat = new NATTraversal((signal) => this.stunServers(signal));
  readonly portMapping = new PortMapping();
  private readonly networkWatch = new NetworkWatch();
  private readonly relayMonitor: RelayMonitor;
  private relays: readonly RelayInfo[] = [];
  private isWatching = false;

  /** @param network has the port of WireGuard, while there is one */
  constructor(
    private readonly config: ClientConfig,
    private readonly network: { readonly listenPort: number | null },
    private readonly askServer: AskServer,
  ) {
    super();
    this.relayMonitor = new RelayMonitor(() => askServer());
    this.relayMonitor.on('news', () => this.emit('news'));
    this.relayMonitor.on('fault', (error) => this.emit('fault', error));
    this.networkWatch.on('change', () => void this.onMoved());
    this.portMapping.on('change', () => this.onMapped());
  }

  /** Finds out about the NAT, in 3 s at most; never fails. */
  async detectNat(): Promise<void> {
    const info = await this.nat.detect();
    this.relayMonitor.learn(this.relays, info.stunServers);
    this.emit('natDetected', info);
    this.emit('news');
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
    this.emit('news');
  }

  /** The party is over; undoes what the router was asked for. */
  async end(): Promise<void> {
    this.isWatching = false;
    this.networkWatch.stop();
    this.relayMonitor.stop();
    await this.portMapping.close();
  }

  /** The server's list of relays has this version now. */
  heardOfRelays(version: string | undefined): void {
    this.relayMonitor.heard(version);
  }

  /** What the control plane is told. */
  presence(): Presence {
    const { nat, portMapping, port } = this;
    const { direct } = this.config;
    const isReachable = direct && port !== 0;
    return {
      natType: nat.natType,
      endpoint: nat.currentEndpoint(),
      candidates: isReachable ? ownCandidates(interfaceAddresses(), port, portMapping.endpoint) : [],
      direct,
      relayRoundTripsMs: reportOf(this.relayMonitor.figures),
    };
  }

  /** Of WireGuard, now or as soon as it opens; 0: not known yet. */
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

  /** The NAT is another one, and so are the ways to the relays. */
  private async onMoved(): Promise<void> {
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
