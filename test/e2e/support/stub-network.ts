import { LanrageError } from '#shared/errors';
import type { Endpoint } from '#shared/endpoint';
import { DEFAULT_NETWORK, type VirtualIp, type VirtualNetwork } from '#shared/party/virtual-ip';
import type { ClientConfig } from '../../../apps/client/src/config';
import type { PeerReading } from '../../../apps/client/src/network/device';
import { NetworkManager, type InterfaceSettings } from '../../../apps/client/src/network/network-manager';
import type { PeerAddress } from '../../../apps/client/src/network/peer-network';

/**
 * Stands in for WireGuard where a test is about the party: every peer shakes hands at once and answers pings, unless
 * told otherwise. Needs no rights.
 */
export class StubNetwork extends NetworkManager {
  /** The address, while the interface is up. */
  virtualIp: string | null = null;
  readonly peers = new Map<string, string>();
  /** Virtual IPs that answer no ping. */
  readonly silent = new Set<string>();
  readonly goodbyes: string[] = [];
  /** What it last gave the others to hand on. */
  leaveTicket: Buffer | null = null;
  /** Every address inside the tunnel, and every endpoint outside, that it was ever told to use. */
  readonly addresses: string[] = [];
  readonly endpoints: string[] = [];
  broken = false;

  constructor(config: ClientConfig) {
    super(config);
  }

  override initialize(): Promise<void> {
    return Promise.resolve();
  }

  override start(): Promise<void> {
    return this.broken ? Promise.reject(new LanrageError('PERMISSION_DENIED')) : Promise.resolve();
  }

  override configure({ virtualIp }: InterfaceSettings): Promise<void> {
    this.virtualIp = virtualIp;
    this.addresses.push(virtualIp);
    return Promise.resolve();
  }

  override networkFor(wanted: VirtualNetwork = DEFAULT_NETWORK): Promise<VirtualNetwork> {
    return Promise.resolve(wanted);
  }

  override expose(): Promise<void> {
    return Promise.resolve();
  }

  override addPeer(peer: { publicKey: string; endpoint: Endpoint; virtualIp: VirtualIp }): Promise<void> {
    this.peers.set(peer.publicKey, peer.virtualIp);
    this.addresses.push(peer.virtualIp);
    this.endpoints.push(peer.endpoint);
    return Promise.resolve();
  }

  override removePeer(publicKey: string): Promise<void> {
    this.peers.delete(publicKey);
    return Promise.resolve();
  }

  override readPeers(): Promise<ReadonlyMap<string, PeerReading>> {
    const readings = [...this.peers.keys()].map((publicKey): [string, PeerReading] => [
      publicKey,
      { publicKey, endpoint: null, handshakeAtMs: Date.now(), rxBytes: Date.now(), txBytes: 0 },
    ]);
    return Promise.resolve(new Map(readings));
  }

  override measureLatency(virtualIp: VirtualIp): Promise<number | null> {
    this.addresses.push(virtualIp);
    return this.silent.has(virtualIp) ? new Promise(() => undefined) : Promise.resolve(20);
  }

  override flickPeer(_peer: PeerAddress, candidates: readonly Endpoint[], home: Endpoint): Promise<void> {
    this.endpoints.push(...candidates, home);
    return Promise.resolve();
  }

  override pointPeer(_publicKey: string, endpoint: Endpoint): Promise<void> {
    this.endpoints.push(endpoint);
    return Promise.resolve();
  }

  override probe(virtualIp: VirtualIp): Promise<null> {
    this.addresses.push(virtualIp);
    return Promise.resolve(null);
  }

  override saySent(virtualIp: VirtualIp): void {
    this.addresses.push(virtualIp);
  }

  override sayGoodbye(virtualIp: VirtualIp, _secret: Buffer, leaveTicket: Buffer | null): void {
    this.leaveTicket = leaveTicket;
    this.goodbyes.push(virtualIp);
    this.addresses.push(virtualIp);
  }

  override stop(): Promise<void> {
    this.virtualIp = null;
    this.peers.clear();
    return Promise.resolve();
  }
}
