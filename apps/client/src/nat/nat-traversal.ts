import { networkInterfaces } from 'node:os';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { canConnectDirectly, type NatType } from '#shared/party/nat-type';
import { classifyNat, isEndpointDependent, type NatClassification } from './classification';
import {
  discoverFiltering,
  discoverMapping,
  type FilterDiscovery,
  type MappingDiscovery,
  type ServerRoundTrip,
} from './discovery';
import { namingFault } from '../connection/vantage';
import { surroundings } from '../network/surroundings';
import { StunSocket } from './stun-socket';

/** What `status` and `netcheck` tell of the network. */
export interface NatInfo extends NatClassification {
  /** Whether the NAT leads packets to its own public endpoints back inside; null while unknown, and without a NAT. */
  readonly hairpinning: boolean | null;
  /** No STUN server answered: nothing is known that would help a direct path. */
  readonly relayOnly: boolean;
  /** ISO 8601, UTC; null before the first detection. */
  readonly detectedAt: string | null;
  readonly stunServers: readonly ServerRoundTrip[];
}

const DETECTION_LIMIT_MS = 3_000;
/** Common home routers forget a silent mapping after 30 s, though RFC 4787 section 4.3 asks for 2 minutes. */
const MAPPING_LIFETIME_MS = 30_000;
const nothingKnown: Detection = {
  classification: {
    natType: 'unknown',
    mapping: 'unknown',
    filtering: 'unknown',
    portPreservation: null,
    publicEndpoint: null,
  },
  hairpinning: null,
  isAnswered: false,
  stunServers: [],
  atMs: null,
};

interface Detection {
  readonly classification: NatClassification;
  readonly hairpinning: boolean | null;
  readonly isAnswered: boolean;
  readonly stunServers: readonly ServerRoundTrip[];
  /** Unix time; null before the first detection. */
  readonly atMs: number | null;
}

type ObservedMapping = MappingDiscovery & {
  readonly localPort: number;
  /** What a server saw of WireGuard's port, before WireGuard had it. */
  readonly ownPublicEndpoint: Endpoint | null;
};

/**
 * Finds out what the network does to UDP. The mapping is asked for from the port that WireGuard will listen on, as only
 * that port's public endpoint is of use to peers; once WireGuard has the port, from another one, which still shows the
 * behaviour.
 */
export class NATTraversal {
  private detected = nothingKnown;
  private running: Promise<NatInfo> | undefined;
  private port = 0;
  private portInUse = false;
  private portTaken = new AbortController();

  /** @param stunServers asked at every detection; its time counts towards the 3 s */
  constructor(private readonly stunServers: (signal: AbortSignal) => Promise<readonly Endpoint[]>) {}

  /** The port that WireGuard is to listen on; 0 before one was probed. */
  get probedPort(): number {
    return this.port;
  }

  get natType(): NatType {
    return this.detected.classification.natType;
  }

  info(): NatInfo {
    const { classification, hairpinning, isAnswered, stunServers, atMs } = this.detected;
    return {
      ...classification,
      hairpinning,
      relayOnly: !isAnswered,
      detectedAt: atMs === null ? null : new Date(atMs).toISOString(),
      stunServers,
    };
  }

  /** The public address of WireGuard's port, as long as a NAT can be expected to keep it, or to give it again. */
  currentEndpoint(): Endpoint | null {
    const { classification, atMs } = this.detected;
    const isFresh = atMs !== null && Date.now() - atMs < MAPPING_LIFETIME_MS;
    return isFresh || classification.portPreservation ? classification.publicEndpoint : null;
  }

  canDirectConnect(peerNatType: NatType): boolean {
    return canConnectDirectly(this.natType, peerNatType);
  }

  /** Detects anew, within 3 s; a call during a detection joins it. Without any answer everything is unknown. */
  detectNat(): Promise<NatInfo> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Hands the probed port over to WireGuard, at once; 0 when none was probed yet. */
  takePort(): number {
    this.portInUse = true;
    this.portTaken.abort();
    return this.port;
  }

  /** WireGuard closed its port. */
  returnPort(): void {
    this.portInUse = false;
  }

  private async run(): Promise<NatInfo> {
    const deadline = AbortSignal.timeout(DETECTION_LIMIT_MS);
    const servers = await this.stunServers(deadline).catch(() => []);
    const [mapping, filtering] = await Promise.all([
      this.observeMapping(servers, deadline).then((observed) => this.publishEarly(observed)),
      discoverFiltering(servers, deadline, mayName),
    ]);
    this.detected = detection(mapping, filtering);
    return this.info();
  }

  /** The public endpoint is of use to the first party that is entered, before the rest is known. */
  private publishEarly(mapping: ObservedMapping): ObservedMapping {
    if (this.detected.atMs === null) {
      this.detected = detection(mapping, { filterings: [], isHairpinning: null });
    }
    return mapping;
  }

  /** From WireGuard's port if it is free and stays so; that port's public endpoint is kept in any case. */
  private async observeMapping(
    servers: readonly Endpoint[],
    deadline: AbortSignal,
  ): Promise<ObservedMapping> {
    if (this.portInUse) {
      return { ...(await this.observeFrom(0, servers, deadline)), ownPublicEndpoint: null };
    }
    const portTaken = (this.portTaken = new AbortController());
    const signal = AbortSignal.any([deadline, portTaken.signal]);
    const own = await this.observeFrom(this.port, servers, signal, (port) => (this.port = port));
    const ownPublicEndpoint = own.mappings[0]?.mapped ?? null;
    const observed = portTaken.signal.aborted ? await this.observeFrom(0, servers, deadline) : own;
    return { ...observed, ownPublicEndpoint };
  }

  private async observeFrom(
    port: number,
    servers: readonly Endpoint[],
    signal: AbortSignal,
    onBound: (port: number) => void = () => undefined,
  ): Promise<MappingDiscovery & { localPort: number }> {
    const socket = await StunSocket.open(port, signal);
    try {
      const localPort = socket.port;
      if (!signal.aborted) onBound(localPort);
      return { ...(await discoverMapping(socket, servers, mayName)), localPort };
    } finally {
      socket.close();
    }
  }
}

function detection(mapping: ObservedMapping, { filterings, isHairpinning }: FilterDiscovery): Detection {
  const { mappings, localPort, roundTrips, ownPublicEndpoint } = mapping;
  const local = { addresses: localAddresses(), port: localPort };
  const found = classifyNat({ mappings, filterings, local });
  // The mapping of another port says nothing about WireGuard's, but for what it depends on.
  const publicEndpoint = isEndpointDependent(found.mapping) ? null : ownPublicEndpoint;
  return {
    classification: { ...found, publicEndpoint },
    hairpinning: found.mapping === 'none' ? null : isHairpinning,
    isAnswered: mappings.length > 0,
    stunServers: roundTrips,
    atMs: Date.now(),
  };
}

function mayName(endpoint: Endpoint, by: Endpoint): boolean {
  return namingFault(endpoint, [splitEndpoint(by).address], surroundings()) === null;
}

function localAddresses(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return new Set(addresses.map(({ address }) => address));
}
