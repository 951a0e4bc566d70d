import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Endpoint } from '#shared/endpoint';
import { canConnectDirectly, type NatType } from '#shared/party/nat-type';
import { classifyNat, type MappingBehaviour, type NatClassification } from './classification';
import { probeMappings } from './stun-probe';

/** What `status` and `netcheck` tell of the network. */
export interface NatInfo {
  readonly natType: NatType;
  readonly mapping: MappingBehaviour;
  /** The public address of the port that WireGuard uses; null while unknown. */
  readonly publicEndpoint: Endpoint | null;
  /** No STUN server answered: nothing is known that would help a direct path. */
  readonly relayOnly: boolean;
  /** ISO 8601, UTC; null before the first detection. */
  readonly detectedAt: string | null;
}

const DETECTION_LIMIT_MS = 3_000;
/** Common home routers forget a silent mapping after 30 s, though RFC 4787 section 4.3 asks for 2 minutes. */
const MAPPING_LIFETIME_MS = 30_000;
const nothingKnown: NatClassification = { natType: 'unknown', mapping: 'unknown', publicEndpoint: null };

interface Detection {
  readonly classification: NatClassification;
  readonly answered: boolean;
  /** Unix time; null before the first detection. */
  readonly atMs: number | null;
}

/**
 * Finds out how the network maps UDP. Probes from the port that WireGuard will listen on, as only that port's mapping
 * is of use to peers; once WireGuard has the port, from another one, which still shows the behaviour.
 */
export class NATTraversal {
  private detected: Detection = { classification: nothingKnown, answered: false, atMs: null };
  private running: Promise<NatInfo> | undefined;
  private port = 0;
  private portInUse = false;
  private portTaken = new AbortController();

  /** @param stunServers asked at every detection; its time counts towards the 3 s */
  constructor(private readonly stunServers: (signal: AbortSignal) => Promise<readonly Endpoint[]>) {}

  get natType(): NatType {
    return this.detected.classification.natType;
  }

  info(): NatInfo {
    const { classification, answered, atMs } = this.detected;
    return {
      ...classification,
      relayOnly: !answered,
      detectedAt: atMs === null ? null : new Date(atMs).toISOString(),
    };
  }

  /** The public address of WireGuard's port, as long as a NAT can be expected to keep it. */
  currentEndpoint(): Endpoint | null {
    const { classification, atMs } = this.detected;
    return atMs !== null && Date.now() - atMs < MAPPING_LIFETIME_MS ? classification.publicEndpoint : null;
  }

  canDirectConnect(peerNatType: NatType): boolean {
    return canConnectDirectly(this.natType, peerNatType);
  }

  /** Detects anew, within 3 s; a call during a detection joins it. Without any answer everything is unknown. */
  detect(): Promise<NatInfo> {
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
    const observed =
      (await this.observeMappings(servers, deadline)) ?? (await this.observeMappings(servers, deadline));
    this.detected = {
      classification: observed?.classification ?? nothingKnown,
      answered: observed?.answered ?? false,
      atMs: Date.now(),
    };
    return this.info();
  }

  /** undefined when WireGuard took the port in the meantime */
  private async observeMappings(servers: readonly Endpoint[], deadline: AbortSignal) {
    const isOwnPort = !this.portInUse;
    const portTaken = (this.portTaken = new AbortController());
    const socket = await bindSocket(isOwnPort ? this.port : 0);
    try {
      const { port } = socket.address();
      if (isOwnPort && this.portInUse) return undefined;
      if (isOwnPort) this.port = port;
      const observations = await probeMappings(
        socket,
        servers,
        AbortSignal.any([deadline, portTaken.signal]),
      );
      if (portTaken.signal.aborted) return undefined;
      const found = classifyNat(observations, { addresses: localAddresses(), port });
      // The mapping of another port says nothing about WireGuard's.
      const classification = isOwnPort ? found : { ...found, publicEndpoint: null };
      return { classification, answered: observations.length > 0 };
    } finally {
      socket.close();
    }
  }
}

/** Binds the port, or another one when it is taken. */
async function bindSocket(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('listening', () => resolve(true));
    // Stays in place: an ICMP error on an open socket must not end the process.
    socket.on('error', () => resolve(false));
    socket.bind(port);
  });
  if (bound) return socket;
  socket.close();
  if (port === 0) throw new Error('no UDP port can be bound');
  return bindSocket(0);
}

function localAddresses(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return new Set(addresses.map(({ address }) => address));
}
