import type { Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { PeerChange, PeerReading, WireGuardDevice } from './device';
import type { Ipv4Access } from './ipv4/ipv4-access';

/** Equal at both ends: receiving a keepalive restarts the timer of the slower side, which then falls silent. */
const KEEPALIVE_SECONDS = 25;

/**
 * The peers of the WireGuard interface. Their endpoints are where peers are known to be; WireGuard is told how to get there,
 * which is by other addresses where the network carries IPv6 alone. Without an interface every change is for nothing.
 */
export class PeerTable {
  /** By public key. */
  private readonly addresses = new Map<string, VirtualIp>();

  /** @param device undefined while there is no interface */
  constructor(
    private readonly device: () => Promise<WireGuardDevice | undefined>,
    private readonly ipv4: Pick<Ipv4Access, 'inward' | 'outward'>,
  ) {}

  /** To which the kernel has to send by the interface. */
  virtualIps(): Iterable<VirtualIp> {
    return this.addresses.values();
  }

  has(publicKey: string, virtualIp: VirtualIp): boolean {
    return this.addresses.get(publicKey) === virtualIp;
  }

  /**
   * Adds a peer, or moves it: forgets its session in either case.
   * @param endpoint null: the peer shows where it is when it begins
   * @throws LanrageError INTERFACE_FAILED
   */
  async add(publicKey: string, virtualIp: VirtualIp, endpoint: Endpoint | null): Promise<void> {
    this.addresses.set(publicKey, virtualIp);
    await this.change([
      { publicKey, remove: true },
      { publicKey, endpoint, virtualIp, keepaliveSeconds: KEEPALIVE_SECONDS },
    ]);
  }

  /** Moves a peer, with its session. @throws LanrageError INTERFACE_FAILED */
  async point(publicKey: string, endpoint: Endpoint): Promise<void> {
    await this.change([{ publicKey, update: true, endpoint }]);
  }

  /** @throws LanrageError INTERFACE_FAILED */
  async remove(publicKey: string): Promise<void> {
    this.addresses.delete(publicKey);
    await this.change([{ publicKey, remove: true }]);
  }

  /** The interface goes, and all peers with it. */
  clear(): void {
    this.addresses.clear();
  }

  /** The counters of all peers, by public key. @throws LanrageError INTERFACE_FAILED */
  async read(): Promise<ReadonlyMap<string, PeerReading>> {
    const peers = (await this.readDevice()).map((peer) => {
      const endpoint = peer.endpoint && this.ipv4.inward(peer.endpoint);
      return [peer.publicKey, { ...peer, endpoint }] as const;
    });
    return new Map(peers);
  }

  /**
   * IPv4 is reached in another way than before: points every peer to where it is by this one, with its session.
   * @throws LanrageError INTERFACE_FAILED
   */
  async renewEndpoints(): Promise<void> {
    const changes = (await this.readDevice()).flatMap(({ publicKey, endpoint: sentTo }): PeerChange[] => {
      const endpoint = sentTo && this.ipv4.inward(sentTo);
      const isRight = endpoint === null || this.ipv4.outward(endpoint) === sentTo;
      return isRight ? [] : [{ publicKey, update: true, endpoint }];
    });
    if (changes.length > 0) await this.change(changes);
  }

  private async readDevice(): Promise<readonly PeerReading[]> {
    return (await (await this.device())?.read())?.peers ?? [];
  }

  private async change(peers: readonly PeerChange[]): Promise<void> {
    const device = await this.device();
    await device?.configure({ peers: peers.map((peer) => this.outward(peer)) });
  }

  private outward(peer: PeerChange): PeerChange {
    if (peer.remove || peer.endpoint === null) return peer;
    return { ...peer, endpoint: this.ipv4.outward(peer.endpoint) };
  }
}
