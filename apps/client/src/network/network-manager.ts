import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { VirtualIp, VirtualNetwork } from '#shared/party/virtual-ip';
import type { ClientConfig } from '../config';
import { homePaths } from '../home';
import { HomeLock } from '../home-lock';
import { runCommand } from './command';
import type { PeerReading } from './device';
import type { Exposure } from './guard/exposure';
import { Guard, removeGuard, type GuardInfo } from './guard/guard';
import { ipv4Access } from './ipv4/ipv4-access';
import { openJournal, type Journal } from './journal';
import { openLink, removeLeftovers, type Link } from './link';
import { limitPackets } from './packet-limit';
import type { CheckAnswer, PeerAddress, PeerNetwork } from './peer-network';
import { PeerTable } from './peer-table';
import { ping, Pings } from './ping';
import type { PortAnswer } from './ports/port-report';
import type { Routing } from './routing/reading';
import { assertFree, chooseFree, readRouting } from './routing/routing';
import { TunnelKeeper } from './routing/tunnel-keeper';
import type { Stray, TunnelInfo, TunnelPart } from './routing/tunnel-state';
import { TUNNEL_MTU } from './tunnel-message';
import { TunnelService, type TunnelEvents } from './tunnel-service';
import type { Owned } from './wireguard-go';

export interface InterfaceSettings {
  /** 32 bytes */
  readonly privateKey: Buffer;
  /** WireGuard takes another port when this one is taken; 0 for any. */
  readonly listenPort: number;
  readonly virtualIp: VirtualIp;
  /** The party's; the address is one of it. */
  readonly network: VirtualNetwork;
  /** What the other members reach on this machine. */
  readonly exposure: Exposure;
}

interface NetworkEvents extends TunnelEvents {
  /** The interface vanished without having been stopped. */
  died: [];
  /** Another program took this of the interface away; it is back. */
  repaired: [parts: readonly TunnelPart[]];
  /** What is missing of the interface, or whom the kernel does not send to by it, is something else than before. */
  rerouted: [now: TunnelInfo, before: TunnelInfo];
  /** {@link NetworkManager.cleanup} is done. */
  cleanedUp: [];
}

const ECHO_LIMIT_MS = 1_000;
/**
 * How long an endpoint stays at a candidate for one check. WireGuard encrypts it in another thread and looks the
 * endpoint up only then; what the game sends meanwhile goes to the candidate, too.
 */
const FLICK_MS = 2;

/**
 * The player's end of the virtual LAN: one WireGuard interface, from its creation to its removal.
 *
 * The file is long because it orders what happens to the interface in one place; link, peers, guard, routes and tunnel
 * messages have files of their own. What connections to peers need of it is explained in {@link PeerNetwork}.
 */
export class NetworkManager extends EventEmitter<NetworkEvents> implements PeerNetwork {
  private readonly journal: Journal;
  private readonly lock: HomeLock;
  private readonly guard: Guard;
  private readonly table = new PeerTable(async () => (await this.opening)?.device, ipv4Access);
  private readonly keeper = new TunnelKeeper(() => this.table.virtualIps());
  private readonly pings = new Pings((address) => ping(address, this.config.interface));
  private routing: Promise<Routing | undefined> | undefined;
  private opening: Promise<Link> | undefined;
  private tunnel: TunnelService | undefined;
  private port: number | null = null;

  constructor(private readonly config: ClientConfig) {
    super();
    this.journal = openJournal(homePaths(config.home).journal);
    this.lock = new HomeLock(config.home);
    this.guard = new Guard(config.interface, config.forward);
    this.keeper.on('gone', () => void this.onDied());
    this.keeper.on('repaired', (parts) => this.emit('repaired', parts));
    this.keeper.on('changed', (...change) => this.emit('rerouted', ...change));
  }

  /**
   * Makes this the only program that works in the state folder until {@link cleanup}, and undoes what one that was killed
   * left behind.
   * @throws LanrageError UNSUPPORTED_PLATFORM, AGENT_ALREADY_RUNNING, HOME_NOT_SAFE
   */
  async initialize(): Promise<void> {
    if (process.platform !== 'linux') throw new LanrageError('UNSUPPORTED_PLATFORM');
    this.claimHome();
    if (!this.journal.isThere()) return;
    // A journal that was cut short names nothing; what is removed has to be this agent's in any case.
    const name = this.journal.read()?.interface ?? this.config.interface;
    await removeLeftovers({ name, home: this.config.home });
    await removeGuard(name);
    this.journal.delete();
  }

  /** What {@link initialize} begins with, for programs that do not call it. @throws LanrageError AGENT_ALREADY_RUNNING */
  claimHome(): void {
    this.lock.take();
  }

  /**
   * Makes the interface, without an address; may run while the address is still being asked for.
   * @throws LanrageError PERMISSION_DENIED, WIREGUARD_MISSING, INTERFACE_FAILED, AGENT_ALREADY_RUNNING
   */
  async start(): Promise<void> {
    this.claimHome();
    this.routing ??= readRouting();
    this.opening ??= this.open();
    try {
      await this.opening;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  /**
   * The network for a party that this machine opens.
   * @param wanted undefined: the first that nothing on this machine uses
   * @throws LanrageError ADDRESS_CLASH
   */
  async networkFor(wanted: VirtualNetwork | undefined): Promise<VirtualNetwork> {
    const routing = await readRouting();
    if (wanted === undefined) return chooseFree(routing, this.config.interface);
    assertFree(routing, wanted, this.config.interface);
    return wanted;
  }

  /**
   * Gives the started interface its key, port and address, brings it up, and guards it before it has peers.
   * @throws LanrageError ADDRESS_CLASH, INTERFACE_FAILED
   */
  async configure(settings: InterfaceSettings): Promise<void> {
    const interfaceName = this.config.interface;
    const { network } = settings;
    assertFree(await this.routing, network, interfaceName);
    this.routing = undefined;
    const guarded = this.guard.expose(settings.exposure, network);
    try {
      await this.bringUp(settings);
    } catch (error) {
      if (settings.listenPort === 0 || !(error instanceof LanrageError)) throw error;
      await this.bringUp({ ...settings, listenPort: 0 });
    }
    await guarded;
    this.tunnel?.close();
    this.tunnel = await TunnelService.open(settings.virtualIp, network);
    this.tunnel.on('goodbye', (...goodbye) => this.emit('goodbye', ...goodbye));
    this.tunnel.on('peerSent', (...sent) => this.emit('peerSent', ...sent));
    this.tunnel.on('peerChecked', (...check) => this.emit('peerChecked', ...check));
    this.tunnel.on('peerHeard', (...heard) => this.emit('peerHeard', ...heard));
    this.tunnel.on('portAsked', (...question) => this.emit('portAsked', ...question));
    this.tunnel.on('sizeAnswered', (...answer) => this.emit('sizeAnswered', ...answer));
    this.tunnel.on('peerMoved', (...moved) => this.emit('peerMoved', ...moved));
    this.keeper.start({ interfaceName, virtualIp: settings.virtualIp, network });
  }

  /** How the interface stands among the machine's networks; null without one. */
  tunnelInfo(): TunnelInfo | null {
    return this.keeper.info();
  }

  /** {@link tunnelInfo} after having looked, and repaired what another program took away. */
  async checkTunnel(): Promise<TunnelInfo | null> {
    await this.keeper.look();
    return this.keeper.info();
  }

  /** Where the kernel sends what is for the player at this address, if not into the tunnel. */
  strayAt(virtualIp: string): Stray | undefined {
    return this.keeper.strayAt(virtualIp);
  }

  /** Changes what the other members reach, while there is an interface. @param network of the party */
  async expose(exposure: Exposure, network: VirtualNetwork): Promise<void> {
    if (this.opening) await this.guard.expose(exposure, network);
  }

  /** What the other members reach, after the rules were put into force again; null without an interface. */
  async checkGuard(): Promise<GuardInfo | null> {
    await this.guard.renew();
    return this.guard.info();
  }

  /** What the other members reached when the rules were last put into force. */
  guardInfo(): GuardInfo | null {
    return this.guard.info();
  }

  /** The UDP port that WireGuard listens on; null while there is no configured interface. */
  get listenPort(): number | null {
    return this.port;
  }

  /**
   * Adds a peer, or moves it: forgets its session in either case, so that a handshake starts at once. Where it is may be
   * unknown, endpoint null: then the peer has to begin.
   */
  async addPeer(peer: { publicKey: string; endpoint: Endpoint | null; virtualIp: VirtualIp }): Promise<void> {
    const { publicKey, endpoint, virtualIp } = peer;
    if (!this.table.has(publicKey, virtualIp)) this.keeper.peerAdded();
    await this.table.add(publicKey, virtualIp, endpoint);
  }

  async knockPeer(peer: PeerAddress, candidates: readonly Endpoint[]): Promise<void> {
    for (const endpoint of candidates) {
      await this.addPeer({ ...peer, endpoint });
      await delay(FLICK_MS);
    }
  }

  async flickPeer(
    { publicKey, virtualIp }: PeerAddress,
    candidates: readonly Endpoint[],
    home: Endpoint,
  ): Promise<void> {
    for (const endpoint of candidates) {
      await this.pointPeer(publicKey, endpoint);
      this.tunnel?.check(virtualIp, endpoint);
      await delay(FLICK_MS);
    }
    await this.pointPeer(publicKey, home);
  }

  async answerCheck(
    { publicKey, virtualIp }: PeerAddress,
    { nonce, endpoint, home, isBackOpen }: CheckAnswer,
  ): Promise<void> {
    await this.pointPeer(publicKey, endpoint);
    this.tunnel?.sayHeard(virtualIp, nonce);
    if (isBackOpen) this.tunnel?.check(virtualIp, endpoint);
    await delay(FLICK_MS);
    await this.pointPeer(publicKey, home);
    this.tunnel?.sayHeard(virtualIp, nonce);
  }

  sayHeard(virtualIp: VirtualIp, nonce: Buffer): void {
    this.tunnel?.sayHeard(virtualIp, nonce);
  }

  pointPeer(publicKey: string, endpoint: Endpoint): Promise<void> {
    return this.table.point(publicKey, endpoint);
  }

  removePeer(publicKey: string): Promise<void> {
    return this.table.remove(publicKey);
  }

  readPeers(): Promise<ReadonlyMap<string, PeerReading>> {
    return this.table.read();
  }

  /** IPv4 is reached in another way than before: points every peer to where it is by this one, with its session. */
  renewEndpoints(): Promise<void> {
    return this.table.renewEndpoints();
  }

  /**
   * The round trip to a peer through the tunnel in milliseconds: by the agents' own echo, or by ICMP where the peer's agent
   * does not answer; null without an answer in 1 s to either, and where the kernel does not send to it by the tunnel:
   * what answers there is somebody else.
   */
  async measureLatency(virtualIp: VirtualIp): Promise<number | null> {
    const latencyMs = (await this.probe(virtualIp)) ?? (await this.pings.measure(virtualIp));
    return this.strayAt(virtualIp) ? null : latencyMs;
  }

  /** The round trip to a peer's agent in milliseconds; null without an answer in 1 s, as for {@link measureLatency}. */
  async probe(virtualIp: VirtualIp): Promise<number | null> {
    const latencyMs = await this.tunnel?.echo(virtualIp, ECHO_LIMIT_MS);
    return this.strayAt(virtualIp) ? null : (latencyMs ?? null);
  }

  probeSizes(virtualIp: VirtualIp, sizes: readonly number[], isNew: boolean): void {
    this.tunnel?.probeSizes(virtualIp, sizes, isNew);
  }

  async limitPackets(virtualIp: VirtualIp, bytes: number | null): Promise<boolean> {
    // A route that another program made to this address is not this agent's to replace.
    if (!this.opening || !this.tunnel || this.strayAt(virtualIp)) return true;
    const isWhole = await this.tunnel.sendWhole();
    await limitPackets(this.config.interface, virtualIp, bytes);
    return isWhole;
  }

  saySent(virtualIp: VirtualIp): void {
    this.tunnel?.saySent(virtualIp);
  }

  /** What a peer's agent says of a port of its machine; null without an answer in time. */
  async askPort(virtualIp: VirtualIp, port: number, timeoutMs: number): Promise<PortAnswer | null> {
    return (await this.tunnel?.askPort(virtualIp, port, timeoutMs)) ?? null;
  }

  /** @param nonce of the question */
  answerPort(virtualIp: VirtualIp, nonce: Buffer, port: number, answer: PortAnswer): void {
    this.tunnel?.answerPort(virtualIp, nonce, port, answer);
  }

  /** @param secret X25519 of the own private and the peer's public key @param leaveTicket for the peer to hand on; null: none */
  sayGoodbye(virtualIp: VirtualIp, secret: Buffer, leaveTicket: Buffer | null): void {
    this.tunnel?.sayGoodbye(virtualIp, secret, leaveTicket);
  }

  /** Removes the interface, and address, route and process with it. */
  async stop(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    this.keeper.stop();
    this.table.clear();
    this.routing = undefined;
    this.tunnel?.close();
    this.tunnel = undefined;
    this.port = null;
    if (!opening) return;
    await opening.then(
      (link) => link.close(),
      () => undefined,
    );
    await this.guard.remove();
    this.forgetJournal();
  }

  /**
   * Leaves the machine as it was, and lets other programs into the state folder. A PartyManager with this network lets go of
   * the server, too, and is of no use after that.
   */
  async cleanup(): Promise<void> {
    await this.stop();
    this.lock.release();
    this.emit('cleanedUp');
  }

  private async open(): Promise<Link> {
    this.journal.write({ interface: this.config.interface });
    try {
      const link = await openLink(this.owned);
      void link.died.then(() => this.onDied());
      return link;
    } catch (error) {
      this.forgetJournal();
      throw error;
    }
  }

  /** Deletes the journal. One that cannot be deleted, as on a disk that has become read-only, costs the next start a look in vain. */
  private forgetJournal(): void {
    try {
      this.journal.delete();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
    }
  }

  private async onDied(): Promise<void> {
    if (!this.opening) return;
    await this.stop();
    await removeLeftovers(this.owned);
    this.emit('died');
  }

  private get owned(): Owned {
    return { name: this.config.interface, home: this.config.home };
  }

  private async bringUp({ privateKey, listenPort, virtualIp, network }: InterfaceSettings): Promise<void> {
    const link = await this.opening;
    if (!link) throw new LanrageError('INTERFACE_FAILED');
    await link.device.configure({ privateKey, listenPort });
    const name = this.config.interface;
    const commands = [
      `link set dev ${name} mtu ${TUNNEL_MTU} up`,
      `address replace ${virtualIp}/${network.split('/')[1]} dev ${name}`,
    ];
    const { code, stderr } = await runCommand('ip', ['-batch', '-'], { input: commands.join('\n') });
    if (code !== 0) throw new LanrageError('INTERFACE_FAILED', { message: `ip(8) failed: ${stderr.trim()}` });
    this.port = (await link.device.read()).listenPort;
  }
}
