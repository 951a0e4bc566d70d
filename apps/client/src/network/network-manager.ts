import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import { VIRTUAL_NETWORK } from '#shared/party/virtual-ip';
import type { ClientConfig } from '../config';
import { homePaths, makeHome } from '../home';
import { runCommand } from './command';
import type { PeerChange, PeerReading } from './device';
import { openJournal, type Journal } from './journal';
import { openLink, removeLeftovers, type Link } from './link';
import { ping } from './ping';
import type { TunnelMessage } from './tunnel-message';
import { TunnelService } from './tunnel-service';

export interface InterfaceSettings {
  /** 32 bytes */
  readonly privateKey: Buffer;
  /** WireGuard takes another port when this one is taken; 0 for any. */
  readonly listenPort: number;
  readonly virtualIp: string;
}

interface NetworkEvents {
  /** The interface vanished without having been stopped. */
  died: [];
  /** A peer's agent says goodbye; its proof is still to be checked. */
  goodbye: [virtualIp: string, goodbye: Extract<TunnelMessage, { type: 'goodbye' }>];
  /** A peer's agent says that it has sent to this one's candidates. */
  peerSent: [virtualIp: string];
}

/** The smallest MTU that IPv6 allows (RFC 8200 section 5): WireGuard's packets then fit through every access network. */
const MTU = 1_280;
/** Equal at both ends: receiving a keepalive restarts the timer of the slower side, which then falls silent. */
const KEEPALIVE_SECONDS = 25;
const ECHO_LIMIT_MS = 1_000;
/**
 * How long an endpoint stays at a candidate for one keepalive. WireGuard encrypts it in another thread and looks the
 * endpoint up only then; what the game sends meanwhile goes to the candidate, too.
 */
const FLICK_MS = 2;
const prefixLength = VIRTUAL_NETWORK.split('/')[1];

/** The player's end of the virtual LAN: one WireGuard interface, from nothing to nothing. */
export class NetworkManager extends EventEmitter<NetworkEvents> {
  private readonly journal: Journal;
  private opening: Promise<Link> | undefined;
  private tunnel: TunnelService | undefined;
  private port: number | null = null;

  constructor(private readonly config: ClientConfig) {
    super();
    this.journal = openJournal(homePaths(config.home).journal);
  }

  /** Undoes what an agent that was killed left behind. @throws LanrageError UNSUPPORTED_PLATFORM */
  async initialize(): Promise<void> {
    if (process.platform !== 'linux') throw new LanrageError('UNSUPPORTED_PLATFORM');
    const leftovers = this.journal.read();
    if (!leftovers) return;
    await removeLeftovers(leftovers.interface, leftovers.process);
    this.journal.delete();
  }

  /**
   * Makes the interface, without an address; may run while the address is still being asked for.
   * @throws LanrageError PERMISSION_DENIED, WIREGUARD_MISSING, INTERFACE_FAILED
   */
  async start(): Promise<void> {
    this.opening ??= this.open();
    try {
      await this.opening;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  /** Gives the started interface its key, port and address, and brings it up. @throws LanrageError INTERFACE_FAILED */
  async configure(settings: InterfaceSettings): Promise<void> {
    try {
      await this.bringUp(settings);
    } catch (error) {
      if (settings.listenPort === 0 || !(error instanceof LanrageError)) throw error;
      await this.bringUp({ ...settings, listenPort: 0 });
    }
    this.tunnel?.close();
    this.tunnel = await TunnelService.open(settings.virtualIp);
    this.tunnel.on('goodbye', (virtualIp, goodbye) => this.emit('goodbye', virtualIp, goodbye));
    this.tunnel.on('sent', (virtualIp) => this.emit('peerSent', virtualIp));
  }

  /** The UDP port that WireGuard listens on; null while there is no configured interface. */
  get listenPort(): number | null {
    return this.port;
  }

  /** Adds a peer, or moves it: forgets its session in either case, so that a handshake starts at once. */
  async addPeer(peer: { publicKey: string; endpoint: Endpoint; virtualIp: string }): Promise<void> {
    const { publicKey, endpoint, virtualIp } = peer;
    const allowedIps = [`${virtualIp}/32`];
    await this.change([
      { publicKey, remove: true },
      { publicKey, endpoint, allowedIps, keepaliveSeconds: KEEPALIVE_SECONDS },
    ]);
  }

  /** Lets the peer's session send one keepalive to each candidate, then to `home` again. */
  async flickPeer(publicKey: string, candidates: readonly Endpoint[], home: Endpoint): Promise<void> {
    for (const endpoint of candidates) {
      await this.change([
        { publicKey, update: true, keepaliveSeconds: 0 },
        { publicKey, update: true, endpoint, keepaliveSeconds: KEEPALIVE_SECONDS },
      ]);
      await delay(FLICK_MS);
    }
    await this.pointPeer(publicKey, home);
  }

  /** Moves a peer, with its session. */
  async pointPeer(publicKey: string, endpoint: Endpoint): Promise<void> {
    await this.change([{ publicKey, update: true, endpoint }]);
  }

  async removePeer(publicKey: string): Promise<void> {
    await this.change([{ publicKey, remove: true }]);
  }

  /** The counters of all peers, by public key; empty while there is no interface. */
  async readPeers(): Promise<ReadonlyMap<string, PeerReading>> {
    const link = await this.opening;
    const reading = await link?.device.read();
    return new Map(reading?.peers.map((peer) => [peer.publicKey, peer]));
  }

  /**
   * The round trip to a peer through the tunnel in milliseconds: by ICMP, or by the agents' own echo where ICMP is
   * filtered; null without an answer in 1 s.
   */
  async measureLatency(virtualIp: string): Promise<number | null> {
    const echo = this.tunnel?.echo(virtualIp, ECHO_LIMIT_MS);
    return (await ping(virtualIp)) ?? (await echo) ?? null;
  }

  /** Makes a peer that is alive send something; the counters show it. */
  probe(virtualIp: string): void {
    void this.tunnel?.echo(virtualIp, ECHO_LIMIT_MS);
  }

  /** Tells the peer's agent that this one has sent to its candidates. */
  saySent(virtualIp: string): void {
    this.tunnel?.saySent(virtualIp);
  }

  /** @param secret X25519 of the own private and the peer's public key */
  sayGoodbye(virtualIp: string, secret: Buffer): void {
    this.tunnel?.sayGoodbye(virtualIp, secret);
  }

  /** Removes the interface, and address, route and process with it. */
  async stop(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    this.tunnel?.close();
    this.tunnel = undefined;
    this.port = null;
    if (!opening) return;
    await opening.then(
      (link) => link.close(),
      () => undefined,
    );
    this.journal.delete();
  }

  /** Leaves the machine as it was. */
  async cleanup(): Promise<void> {
    await this.stop();
  }

  private async open(): Promise<Link> {
    const name = this.config.interface;
    makeHome(this.config.home);
    this.journal.write({ interface: name, process: null });
    try {
      const link = await openLink(name, (started) =>
        this.journal.write({ interface: name, process: started }),
      );
      void link.died.then(() => this.onDied());
      return link;
    } catch (error) {
      this.journal.delete();
      throw error;
    }
  }

  private async onDied(): Promise<void> {
    await this.stop();
    await removeLeftovers(this.config.interface, null);
    this.emit('died');
  }

  private async bringUp({ privateKey, listenPort, virtualIp }: InterfaceSettings): Promise<void> {
    const link = await this.opening;
    if (!link) throw new LanrageError('INTERFACE_FAILED');
    await link.device.configure({ privateKey, listenPort });
    const name = this.config.interface;
    const commands = [
      `link set dev ${name} mtu ${MTU} up`,
      `address replace ${virtualIp}/${prefixLength} dev ${name}`,
    ];
    const { code, stderr } = await runCommand('ip', ['-batch', '-'], commands.join('\n'));
    if (code !== 0) throw new LanrageError('INTERFACE_FAILED', { message: `ip(8) failed: ${stderr.trim()}` });
    this.port = (await link.device.read()).listenPort;
  }

  private async change(peers: readonly PeerChange[]): Promise<void> {
    const link = await this.opening;
    await link?.device.configure({ peers });
  }
}
