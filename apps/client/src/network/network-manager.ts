import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { VirtualIp, VirtualNetwork } from '#shared/party/virtual-ip';
import type { ClientConfig } from '../config';
import { homePaths } from '../home';
import { HomeLock } from '../home-lock';
import { runCommand } from './command';
import type { PeerChange, PeerReading } from './device';
import type { Exposure } from './guard/exposure';
import { Guard, removeGuard, type GuardInfo } from './guard/guard';
import { ipv4Access } from './ipv4/ipv4-access';
import { openJournal, type Journal } from './journal';
import { openLink, removeLeftovers, type Link } from './link';
import { limitPackets } from './packet-limit';
import { ping, Pings } from './ping';
import type { PortAnswer } from './ports/port-report';
import type { Routing } from './routing/reading';
import { assertFree, chooseFree, readRouting } from './routing/routing';
import { TunnelKeeper } from './routing/tunnel-keeper';
import type { Stray, TunnelInfo, TunnelPart } from './routing/tunnel-state';
import { TUNNEL_MTU, type Goodbye } from './tunnel-message';
import { TunnelService, type SizeAnswer } from './tunnel-service';
import type { Owned } from './wireguard-go';

export interface InterfaceSettings {
  /** 32 bytes */
  readonly privateKey: Buffer;
  /** WireGuard takes another port when this one is taken; 0 for any. */
  readonly listenPort: number;
  readonly virtualIp: VirtualIp;
  /** Of the party; the address is one of it. */
  readonly network: VirtualNetwork;
  /** What the other members reach on this machine. */
  readonly exposure: Exposure;
}

export interface PeerAddress {
  readonly publicKey: string;
  readonly virtualIp: VirtualIp;
}

export interface CheckAnswer {
  /** Of the check. */
  readonly nonce: Buffer;
  /** Where it came from. */
  readonly endpoint: Endpoint;
  readonly home: Endpoint;
  /** Whether the peer has not said yet that it hears this side there. */
  readonly isBackOpen: boolean;
}

interface NetworkEvents {
  /** The interface vanished without having been stopped. */
  died: [];
  /** Another program took this of the interface away; it is back. */
  repaired: [parts: readonly TunnelPart[]];
  /** What is missing of the interface, or whom the kernel does not send to by it, is something else than before. */
  rerouted: [now: TunnelInfo, before: TunnelInfo];
  /** A peer's agent says goodbye; its proof is still to be checked. */
  goodbye: [virtualIp: VirtualIp, goodbye: Goodbye];
  /** A peer's agent says that it has sent to this one's candidates. */
  peerSent: [virtualIp: VirtualIp];
  /** A peer's agent checks a way to this one. */
  peerChecked: [virtualIp: VirtualIp, nonce: Buffer];
  /** A peer's agent says that it heard the check that was sent to this endpoint. */
  peerHeard: [virtualIp: VirtualIp, endpoint: Endpoint, roundTripMs: number];
  /** A peer's agent asks about a port of this machine. */
  portAsked: [virtualIp: VirtualIp, nonce: Buffer, port: number];
  /** A peer's agent got the probe of this size. */
  sizeAnswered: [virtualIp: VirtualIp, answer: SizeAnswer];
  /** A peer's agent says that its path to this one has changed. */
  peerMoved: [virtualIp: VirtualIp];
  /** {@link NetworkManager.cleanup} is done. */
  cleanedUp: [];
}

/** Equal at both ends: receiving a keepalive restarts the timer of the slower side, which then falls silent. */
const KEEPALIVE_SECONDS = 25;
const ECHO_LIMIT_MS = 1_000;
/**
 * How long an endpoint stays at a candidate for one check. WireGuard encrypts it in another thread and looks the
 * endpoint up only then; what the game sends meanwhile goes to the candidate, too.
 */
const FLICK_MS = 2;

/**
 * The player's end of the virtual LAN: one WireGuard interface, from its creation to its removal.
 *
 * The file is long because it orders what happens to the interface in one place; link, guard, routes, tunnel messages and
 * firewall readings have files of their own.
 */
export class NetworkManager extends EventEmitter<NetworkEvents> {
  private readonly journal: Journal;
  private readonly lock: HomeLock;
  private readonly guard: Guard;
  /** Of the peers, by public key. */
  private readonly peerAddresses = new Map<string, VirtualIp>();
  private readonly keeper = new TunnelKeeper(() => this.peerAddresses.values());
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
    this.tunnel.on('goodbye', (virtualIp, goodbye) => this.emit('goodbye', virtualIp, goodbye));
    this.tunnel.on('sent', (virtualIp) => this.emit('peerSent', virtualIp));
    this.tunnel.on('check', (virtualIp, nonce) => this.emit('peerChecked', virtualIp, nonce));
    this.tunnel.on('heard', (...heard) => this.emit('peerHeard', ...heard));
    this.tunnel.on('portAsked', (...question) => this.emit('portAsked', ...question));
    this.tunnel.on('sizeAnswered', (...answer) => this.emit('sizeAnswered', ...answer));
    this.tunnel.on('moved', (virtualIp) => this.emit('peerMoved', virtualIp));
    this.keeper.start({ interfaceName, virtualIp: settings.virtualIp, network });
  }

  /** How the interface stands among the machine's networks; null without one. */
  tunnelInfo(): TunnelInfo | null {
    return this.keeper.info();
  }

  /** The same after having looked, and repaired what another program took away. */
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
    if (this.peerAddresses.get(publicKey) !== virtualIp) {
      this.peerAddresses.set(publicKey, virtualIp);
      this.keeper.peerAdded();
    }
    await this.change([
      { publicKey, remove: true },
      { publicKey, endpoint, virtualIp, keepaliveSeconds: KEEPALIVE_SECONDS },
    ]);
  }

  /** Adds the peer at each candidate in turn, which sends a handshake initiation there; it stays at the last. */
  async knockPeer(peer: PeerAddress, candidates: readonly Endpoint[]): Promise<void> {
    for (const endpoint of candidates) {
      await this.addPeer({ ...peer, endpoint });
      await delay(FLICK_MS);
    }
  }

  /** Sends a check to each candidate, then points the peer to `home` again. */
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

  /** Says that a check was heard: to where it came from and, as that way may be one-way, by `home`. Checks the way back if asked to. */
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

  /** Says that a check was heard, by the path that is in use. */
  sayHeard(virtualIp: VirtualIp, nonce: Buffer): void {
    this.tunnel?.sayHeard(virtualIp, nonce);
  }

  /** Moves a peer, with its session. */
  async pointPeer(publicKey: string, endpoint: Endpoint): Promise<void> {
    await this.change([{ publicKey, update: true, endpoint }]);
  }

  async removePeer(publicKey: string): Promise<void> {
    this.peerAddresses.delete(publicKey);
    await this.change([{ publicKey, remove: true }]);
  }

  /** The counters of all peers, by public key; empty while there is no interface. */
  async readPeers(): Promise<ReadonlyMap<string, PeerReading>> {
    const peers = (await this.readDevice()).map((peer) => {
      const endpoint = peer.endpoint && ipv4Access.inward(peer.endpoint);
      return [peer.publicKey, { ...peer, endpoint }] as const;
    });
    return new Map(peers);
  }

  /** IPv4 is reached in another way than before: points every peer to where it is by this one, with its session. */
  async renewEndpoints(): Promise<void> {
    const changes = (await this.readDevice()).flatMap(({ publicKey, endpoint: sentTo }): PeerChange[] => {
      const endpoint = sentTo && ipv4Access.inward(sentTo);
      const isRight = endpoint === null || ipv4Access.outward(endpoint) === sentTo;
      return isRight ? [] : [{ publicKey, update: true, endpoint }];
    });
    if (changes.length > 0) await this.change(changes);
  }

  /**
   * The round trip to a peer through the tunnel in milliseconds: by the agents' own echo, or by ICMP where the peer's agent
   * does not answer; null without an answer in 1 s to either, and where the kernel does not send to it by the tunnel:
   * whoever answers there is somebody else.
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

  /** Sends the peer's agent a probe of each size, see {@link TunnelService.probeSizes}. */
  probeSizes(virtualIp: VirtualIp, sizes: readonly number[], isNew: boolean): void {
    this.tunnel?.probeSizes(virtualIp, sizes, isNew);
  }

  /**
   * Sends the peer no larger packets from now on; null: any that the tunnel takes.
   * @returns whether probes can still be larger, and leave in one piece
   * @throws LanrageError INTERFACE_FAILED
   */
  async limitPackets(virtualIp: VirtualIp, bytes: number | null): Promise<boolean> {
    // A route that another program made to this address is not this agent's to replace.
    if (!this.opening || !this.tunnel || this.strayAt(virtualIp)) return true;
    const isWhole = await this.tunnel.sendWhole();
    await limitPackets(this.config.interface, virtualIp, bytes);
    return isWhole;
  }

  /** Tells the peer's agent that this one has sent to its candidates. */
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
    this.peerAddresses.clear();
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

  private async readDevice(): Promise<readonly PeerReading[]> {
    const link = await this.opening;
    return (await link?.device.read())?.peers ?? [];
  }

  /** Endpoints are where peers are known to be; WireGuard is told how to get there. */
  private async change(peers: readonly PeerChange[]): Promise<void> {
    const link = await this.opening;
    await link?.device.configure({ peers: peers.map(translated) });
  }
}

function translated(peer: PeerChange): PeerChange {
  if (peer.remove || peer.endpoint === null) return peer;
  return { ...peer, endpoint: ipv4Access.outward(peer.endpoint) };
}
