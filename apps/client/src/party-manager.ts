import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptCause, PartySnapshot, Presence } from '#shared/api/party';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import { PARTY_ID_PATTERN, type PartyId, type PeerId } from '#shared/party/identity';
import { normalizeName } from '#shared/party/name';
import type { ClientConfig } from './config';
import { ConnectionManager } from './connection/connection-manager';
import { ConnectionCoordinator } from './connection/coordinator';
import { ControlPlane } from './control/control-plane';
import { ServerMembership } from './control/server-membership';
import type { ServerEvent } from './control/signaling';
import { homePaths } from './home';
import { loadIdentity, type Identity } from './identity';
import { NATTraversal, type NatInfo } from './nat/nat-traversal';
import { PortMapping } from './nat/port-mapping';
import { ownCandidates } from './nat/own-candidates';
import { interfaceAddresses } from './network/interfaces';
import { reportOf, type RelayInfo } from './nat/relay-figures';
import { RelayMonitor } from './nat/relay-monitor';
import type { NetworkManager } from './network/network-manager';
import { NetworkWatch } from './network/network-watch';
import type { Party, Peer } from './party/party';
import type { MembershipEvent } from './party/membership';
import { PartySession } from './party/party-session';
import { Reconciliation } from './party/reconciliation';

export interface CreateOptions {
  /** Display name; the configured nickname when absent. */
  readonly peerName?: string | undefined;
  readonly maxPeers?: number | undefined;
}

export type PartyStatus =
  | { readonly status: 'no_party'; readonly natInfo: NatInfo }
  | {
      readonly status: 'in_party';
      readonly party: Party;
      /** This peer included. */
      readonly peerCount: number;
      readonly natInfo: NatInfo;
      /** Whether the server's events arrive; the game does not need them. */
      readonly controlConnected: boolean;
    };

export interface PartyManagerEvents {
  peerJoined: [Peer];
  /** The peer as it was last seen. */
  peerLeft: [Peer];
  hostChanged: [Peer];
  /** The path to a peer changed; when it failed, `failure` says why. */
  connectionChanged: [Peer];
  natDetected: [NatInfo];
  controlConnected: [];
  controlLost: [];
  /** In no party any more; without a reason after `leaveParty`. */
  ended: [reason: LanrageError | null];
  /** What went wrong behind the scenes and is being tried again: for the log. */
  fault: [Error];
}

const STATUS_BUDGET_MS = 400;

/** The player's way into parties: one at a time, with everything on this machine that belongs to it. */
export class PartyManager extends EventEmitter<PartyManagerEvents> {
  readonly myPeerId: PeerId;
  readonly nat: NATTraversal;
  readonly portMapping = new PortMapping();
  readonly coordinator: ConnectionCoordinator;
  readonly control: ControlPlane;
  readonly connections: ConnectionManager;
  private readonly relayMonitor: RelayMonitor;
  private relays: readonly RelayInfo[] = [];
  private readonly serverMembership: ServerMembership;
  private readonly reconciliation: Reconciliation;
  private readonly networkWatch = new NetworkWatch();
  private session: PartySession | undefined;
  /** What happens to the party while the server's answer to a join is on its way. */
  private earlyEvents: MembershipEvent[] | undefined;
  /** Entering, leaving and what the server says of them, one after the other. */
  private transition: Promise<unknown> = Promise.resolve();

  /** @throws LanrageError INVALID_PUBLIC_KEY when the state folder holds no usable key */
  constructor(
    readonly config: ClientConfig,
    readonly network: NetworkManager,
    private readonly identity: Identity = loadIdentity(config.home),
  ) {
    super();
    this.myPeerId = identity.peerId;
    this.nat = new NATTraversal((signal) => this.stunServers(signal));
    this.coordinator = new ConnectionCoordinator(this.nat);
    this.control = new ControlPlane(config.server, identity);
    this.connections = new ConnectionManager(network);
    this.relayMonitor = new RelayMonitor(() => this.control.serverInfo());
    this.serverMembership = new ServerMembership(homePaths(config.home).membership, (id) =>
      this.control.leaveParty(id),
    );
    const seat = {
      session: () => this.session,
      inTurn: (work: () => Promise<void>) => this.inTurn(work),
      renew: (session: PartySession) => this.renew(session),
      end: (session: PartySession, reason: LanrageError) => this.end(session, reason),
      presence: () => this.presence(),
    };
    this.reconciliation = new Reconciliation(seat, this.control, this.serverMembership);
    this.listen();
  }

  /** The party as it is now; null while in none. Set only after the server agreed. */
  get currentParty(): Party | null {
    return this.session?.view() ?? null;
  }

  /** Finds out about the NAT, in 3 s at most. Without an answer connections go by relay alone; never fails. */
  async initializeNat(): Promise<void> {
    const info = await this.nat.detect();
    this.relayMonitor.learn(this.relays, info.stunServers);
    this.emit('natDetected', info);
    await this.sharePresence();
  }

  /** Signs in and opens the control plane's socket, which keeps coming back from then on. @throws LanrageError */
  initializeControl(): Promise<void> {
    this.serverMembership.resume();
    return this.control.initialize();
  }

  /** Opens a party with this player as host. @throws LanrageError INVALID_NAME, ALREADY_IN_PARTY, CONTROL_UNAVAILABLE … */
  async createParty(name: string, { peerName, maxPeers }: CreateOptions = {}): Promise<Party> {
    const partyName = validName(name);
    const me = { peerName: validName(peerName ?? this.config.nickname), maxPeers };
    return this.inTurn(() =>
      this.enter(null, (presence) => this.control.registerParty(partyName, { ...me, presence })),
    );
  }

  /**
   * Joins a party, and returns while its peers are still `connecting`. In that party already: changes nothing.
   * @throws LanrageError INVALID_PARTY_ID, INVALID_NAME, PARTY_NOT_FOUND, PARTY_FULL, ALREADY_IN_PARTY …
   */
  async joinParty(partyId: string, peerName = this.config.nickname): Promise<Party> {
    const id = validPartyId(partyId);
    const name = validName(peerName);
    return this.inTurn(() => {
      if (this.session?.id === id) return Promise.resolve(this.session.view());
      return this.enter(id, (presence) => this.control.joinParty(id, { peerName: name, presence }));
    });
  }

  /**
   * Leaves, in less than 2 s also while the server is away, which hears of it when it is back. The other members are
   * told through the tunnel.
   * @throws LanrageError NOT_IN_PARTY
   */
  leaveParty(): Promise<void> {
    return this.inTurn(async () => {
      const { session } = this;
      if (!session) throw new LanrageError('NOT_IN_PARTY');
      this.session = undefined;
      this.networkWatch.stop();
      this.relayMonitor.stop();
      await Promise.all([this.serverMembership.left(session.id), session.leave()]);
      this.emit('ended', null);
    });
  }

  /** What `lanrage status` shows; latencies are measured for 0.4 s at most, older ones carry their age. */
  async getPartyStatus(): Promise<PartyStatus> {
    const budget = delay(STATUS_BUDGET_MS, undefined, { ref: false });
    await Promise.race([this.session?.refreshLatencies(), budget]);
    return this.describe();
  }

  /** The same without measuring anything. */
  describe(): PartyStatus {
    const natInfo = this.nat.info();
    const party = this.currentParty;
    if (!party) return { status: 'no_party', natInfo };
    const controlConnected = this.control.connected;
    return { status: 'in_party', party, peerCount: party.peers.size, natInfo, controlConnected };
  }

  /** Resolves when every path is direct, relayed or failed, which takes 10 s at most. */
  async waitConnected(): Promise<Party | null> {
    await this.connections.settled();
    return this.currentParty;
  }

  /** Leaves the party if in one, and lets go of everything. */
  async close(): Promise<void> {
    // An operation that waits for the server must not keep a player who wants to be gone.
    if (!this.session) await this.control.close();
    await this.inTurn(() => Promise.resolve());
    if (this.session) await this.leaveParty();
    await this.control.close();
    await this.serverMembership.close();
    await this.network.cleanup();
  }

  private async enter(
    joining: PartyId | null,
    ask: (presence: Presence) => Promise<PartySnapshot>,
  ): Promise<Party> {
    if (this.session) throw new LanrageError('ALREADY_IN_PARTY');
    await this.serverMembership.settle(joining);
    if (joining) this.serverMembership.entering(joining);
    this.earlyEvents = [];
    // To have the answer before the first attempt at a direct path.
    this.mapPort(this.nat.probedPort);
    // The interface takes about as long as the server's answer.
    const [asked, started] = await Promise.allSettled([ask(this.presence()), this.network.start()]);
    try {
      if (asked.status === 'rejected') throw asked.reason;
      this.serverMembership.entering(asked.value.id);
      if (started.status === 'rejected') throw started.reason;
      return await this.openSession(asked.value);
    } catch (error) {
      await this.undoEntering(asked.status === 'fulfilled' ? asked.value.id : null, joining, error);
      throw error;
    } finally {
      this.earlyEvents = undefined;
    }
  }

  private async openSession(snapshot: PartySnapshot): Promise<Party> {
    const { config, identity, control, network, nat, portMapping, connections, coordinator } = this;
    const parts = { config, identity, control, network, nat, portMapping, connections, coordinator };
    const session = new PartySession(snapshot, parts);
    await session.open();
    this.session = session;
    this.networkWatch.start();
    this.mapPort(this.network.listenPort ?? 0);
    void this.sharePresence();
    this.relayMonitor.start();
    session.on('peerJoined', (peer) => this.emit('peerJoined', peer));
    session.on('peerLeft', (peer) => this.emit('peerLeft', peer));
    session.on('hostChanged', (peer) => this.emit('hostChanged', peer));
    this.earlyEvents?.forEach((event) => this.onMembershipEvent(event));
    return session.view();
  }

  /** Leaves nothing behind on this machine, nor on the server, which may have agreed without being heard. */
  private async undoEntering(
    entered: PartyId | null,
    joining: PartyId | null,
    error: unknown,
  ): Promise<void> {
    const isUncertain = error instanceof LanrageError && error.code === 'CONTROL_UNAVAILABLE';
    if (entered) await this.serverMembership.left(entered);
    else if (!isUncertain) this.serverMembership.refused();
    else if (joining) void this.serverMembership.left(joining);
    else void this.reconciliation.ask();
    await this.connections.stop();
    await Promise.all([this.network.stop(), this.portMapping.close()]);
    this.nat.returnPort();
  }

  /** The party is over, without the player's doing. */
  private async end(session: PartySession, reason: LanrageError): Promise<void> {
    this.session = undefined;
    this.networkWatch.stop();
    this.relayMonitor.stop();
    await session.close();
    this.emit('ended', reason);
  }

  private listen(): void {
    const report = (error: Error) => void this.emit('fault', error);
    this.control.on('fault', report);
    this.connections.on('fault', report);
    this.serverMembership.on('fault', report);
    this.reconciliation.on('fault', report);
    this.relayMonitor.on('fault', report);
    this.relayMonitor.on('measured', () => void this.sharePresence());
    this.control.on('event', (event) => this.onServerEvent(event));
    this.control.on('connected', () => void this.onControlConnected());
    this.control.on('disconnected', () => this.emit('controlLost'));
    this.connections.on('change', ({ peerId }) => {
      const peer = this.currentParty?.peers.get(peerId);
      if (peer) this.emit('connectionChanged', peer);
    });
    this.connections.on('attemptWanted', (...wanted) => void this.requestAttempt(...wanted));
    this.portMapping.on('change', () => void this.onPortMapped());
    this.networkWatch.on('change', () => void this.onNetworkChanged());
    this.network.on('peerSent', (virtualIp) => void this.connections.peerSent(virtualIp));
    this.network.on('goodbye', (virtualIp, goodbye) => this.session?.hearGoodbye(virtualIp, goodbye));
    this.network.on('died', () => void this.inTurn(() => this.onNetworkDied()));
  }

  private async onControlConnected(): Promise<void> {
    this.emit('controlConnected');
    await this.sharePresence();
    if (this.nat.info().relayOnly) await this.initializeNat();
  }

  private onServerEvent(event: ServerEvent): void {
    switch (event.name) {
      case 'party.snapshot':
        return void this.reconciliation.hear(event.data.party);
      case 'path.attempt':
        return void this.session?.attempt(event.data);
      case 'session.replaced':
        return void this.inTurn(() => this.onReplaced());
      default:
        this.onMembershipEvent(event);
    }
  }

  private onMembershipEvent(event: MembershipEvent): void {
    const { session } = this;
    if (!session) return void this.earlyEvents?.push(event);
    const isOwnLeave =
      event.name === 'member.left' &&
      event.data.partyId === session.id &&
      event.data.peerId === this.myPeerId;
    // The server let this agent go, for having been away too long.
    if (isOwnLeave || session.apply(event)) void this.reconciliation.ask();
  }

  private async onReplaced(): Promise<void> {
    if (!this.session) return;
    this.serverMembership.refused();
    await this.end(this.session, new LanrageError('SESSION_REPLACED'));
  }

  private async onNetworkDied(): Promise<void> {
    if (this.session) await this.renew(this.session);
  }

  private async renew(session: PartySession): Promise<void> {
    try {
      await session.renew();
      this.mapPort(this.network.listenPort ?? 0);
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      await this.serverMembership.left(session.id);
      await this.end(session, error);
    }
  }

  /** Whatever was under way at the old place starts over, and the NAT is another one. */
  private async onNetworkChanged(): Promise<void> {
    this.mapPort(this.network.listenPort ?? 0);
    if (this.session) this.relayMonitor.start();
    await Promise.all([this.connections.networkChanged(), this.sharePresence(), this.initializeNat()]);
  }

  /** Has the router lead a public port to this one; for the same one again, it looks for the router again. */
  private mapPort(port: number): void {
    const { direct, portMapping } = this.config;
    if (direct && portMapping && port !== 0) this.portMapping.open(port);
  }

  private async onPortMapped(): Promise<void> {
    if (!this.session) return;
    await this.sharePresence();
    await this.connections.candidatesChanged();
  }

  private async requestAttempt(peerId: PeerId, cause: AttemptCause): Promise<void> {
    const { session, control } = this;
    if (!session || !control.connected || !this.config.direct) return;
    await this.attempt(() => control.requestAttempt(session.id, peerId, cause));
  }

  private async sharePresence(): Promise<void> {
    if (this.control.connected) await this.attempt(() => this.control.updatePresence(this.presence()));
  }

  private presence(): Presence {
    const { nat, network, portMapping, config } = this;
    const port = network.listenPort ?? nat.probedPort;
    const { direct } = config;
    const candidates =
      direct && port !== 0 ? ownCandidates(interfaceAddresses(), port, portMapping.endpoint) : [];
    const relayRoundTripsMs = reportOf(this.relayMonitor.figures);
    return { natType: nat.natType, endpoint: nat.currentEndpoint(), candidates, direct, relayRoundTripsMs };
  }

  private async stunServers(signal: AbortSignal): Promise<readonly Endpoint[]> {
    const own = this.config.stunServers.flatMap((text) => parseEndpoint(text) ?? []);
    const info = await this.control
      .serverInfo(signal)
      .catch((error: Error) => void this.emit('fault', error));
    this.relays = info?.relays ?? [];
    const offered = this.relays.flatMap(({ stunEndpoints }) => stunEndpoints);
    return [...new Set([...own, ...offered])];
  }

  /** Runs what nobody waits for: an expected refusal goes to the log. */
  private async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.transition.then(work);
    this.transition = result.catch(() => undefined);
    return result;
  }
}

function validName(input: string): string {
  const name = normalizeName(input);
  if (name === null) throw new LanrageError('INVALID_NAME');
  return name;
}

function validPartyId(input: string): PartyId {
  const id = input.trim().toLowerCase();
  if (!PARTY_ID_PATTERN.test(id)) throw new LanrageError('INVALID_PARTY_ID');
  return id as PartyId;
}
