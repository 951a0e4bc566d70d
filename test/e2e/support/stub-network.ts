import { LanrageError } from '#shared/errors';
import type { ClientConfig } from '../../../apps/client/src/config';
import type { PeerReading } from '../../../apps/client/src/network/device';
import { NetworkManager, type InterfaceSettings } from '../../../apps/client/src/network/network-manager';

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
    return Promise.resolve();
  }

  override addPeer({ publicKey, virtualIp }: { publicKey: string; virtualIp: string }): Promise<void> {
    this.peers.set(publicKey, virtualIp);
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

  override measureLatency(virtualIp: string): Promise<number | null> {
    return this.silent.has(virtualIp) ? new Promise(() => undefined) : Promise.resolve(20);
  }

  override flickPeer(): Promise<void> {
    return Promise.resolve();
  }

  override pointPeer(): Promise<void> {
    return Promise.resolve();
  }

  override probe(): void {}

  override saySent(): void {}

  override sayGoodbye(virtualIp: string): void {
    this.goodbyes.push(virtualIp);
  }

  override stop(): Promise<void> {
    this.virtualIp = null;
    this.peers.clear();
    return Promise.resolve();
  }
}
