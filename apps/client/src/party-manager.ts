import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { AttemptCause, PartyEntry, Presence } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { isSameServer, PARTY_KEY_BYTES } from '#shared/party/invite';
import { SerialQueue } from '#shared/serial-queue';
import { allDone } from './all-done';
import type { ClientConfig } from './config';
import { ConnectionManager } from './connection/connection-manager';
import { ConnectionCoordinator } from './connection/coordinator';
import { passOn } from './connection/peer-words';
import { ControlPlane } from './control/control-plane';
import { ServerMembership } from './control/server-membership';
import type { ServerEvent } from './control/signaling';
import { homePaths } from './home';
import { loadIdentity, type Identity } from './identity';
import type { NATTraversal } from './nat/nat-traversal';
import { Reachability } from './nat/reachability';
import type { NetworkManager } from './network/network-manager';
import type { Party } from './party/party';
import { destinationOf, type Entrance } from './party/destination';
import { endCodes } from './party/end';
import { Hosting } from './party/hosting';
import { Invites } from './party/invites';
import type { CreateOptions, JoinOptions, PartyManagerEvents, PartyStatus } from './party/manager-contract';
import { PartyKeys } from './party/party-keys';
import { otherParty, PartySession } from './party/party-session';
import { partyStatus } from './party/party-status';
import { Reconciliation } from './party/reconciliation';
import { SharedState } from './party/shared-state';
import { validName, validNetwork, validPartyId } from './party/valid-input';
import { isHostGenuine, voucherFor, type PartyTrust } from './party/vouching';

/** The server's events about the party that the agent is in. */
type PartyEvent = Exclude<
  ServerEvent,
  { name: 'party.snapshot' | 'path.attempt' | 'session.replaced' | 'session.banned' | 'state.changed' }
>;

/**
 * The player's way into parties: one at a time, with everything on this machine that belongs to it.
 *
 * The file is long because it is the whole public face and the one place that orders entering, leaving and what the server
 * says meanwhile; whatever has a state of its own is in party/, nat/, connection/ and control/.
 */
export class PartyManager extends EventEmitter<PartyManagerEvents> {
  readonly myPeerId: PeerId;
  readonly nat: NATTraversal;
  readonly reachability: Reachability;
  readonly coordinator: ConnectionCoordinator;
  readonly control: ControlPlane;
  readonly connections: ConnectionManager;
  /** For the party that the agent is in. */
  readonly hosting: Hosting;
  readonly sharedState: SharedState;
  readonly invites: Invites;
  private readonly keys: PartyKeys;
  private readonly serverMembership: ServerMembership;
  private readonly reconciliation: Reconciliation;
  private session: PartySession | undefined;
  /** What happens to the party while the server's answer to a join is on its way. */
  private earlyEvents: PartyEvent[] | undefined;
  private lastEnd: LanrageError | null = null;
  /** Entering, leaving and what the server says of them, one after the other. */
  private readonly transitions = new SerialQueue();

  /** @throws LanrageError HOME_FILE_DAMAGED when the state folder holds no usable key */
  constructor(
    readonly config: ClientConfig,
    readonly network: NetworkManager,
    private readonly identity: Identity = loadIdentity(config.home),
  ) {
    super();
    this.myPeerId = identity.peerId;
    this.control = new ControlPlane(config.server, identity);
    this.reachability = new Reachability(
      config,
      network,
      (signal) => this.control.serverInfo(signal),
      () => this.connections.carriers(),
    );
    this.nat = this.reachability.nat;
    this.coordinator = new ConnectionCoordinator(this.nat);
    this.connections = new ConnectionManager(network);
    this.hosting = new Hosting(this.control, {
      id: () => this.joinedSession().id,
      apply: (event) => this.onPartyEvent(event),
    });
    this.sharedState = new SharedState(this.control);
    const { partyKeys, membership } = homePaths(config.home);
    this.keys = new PartyKeys(partyKeys);
    const { publicKey } = identity;
    const inviter = { publicKey, server: () => this.server, partyId: () => this.joinedSession().id };
    this.invites = new Invites(this.control, this.keys, inviter);
    this.serverMembership = new ServerMembership(
      membership,
      () => this.server,
      (id, server) => this.control.leaveParty(id, server),
    );
    const seat = {
      session: () => this.session,
      inTurn: (work: () => Promise<void>) => this.inTurn(work),
      renew: (session: PartySession) => this.renew(session),
      end: (session: PartySession, reason: LanrageError) => this.end(session, reason),
      presence: () => this.reachability.presence(),
    };
    this.reconciliation = new Reconciliation(seat, this.control, this.serverMembership);
    this.listen();
  }

  /** The party as it is now; null while in none. Set only after the server agreed. */
  get currentParty(): Party | null {
    return this.session?.view() ?? null;
  }

  /** The control plane that the agent has turned to: that of the party, or of the last one; an http(s) URL. */
  get server(): string {
    return this.control.server;
  }

  /** Finds out about the NAT, in 3 s at most. Without an answer connections go by relay alone; never fails. */
  initializeNat(): Promise<void> {
    return this.reachability.detectNat();
  }

  /**
   * Signs in and opens the control plane's socket, which keeps coming back from then on, and keeps the process alive until
   * {@link close}, or the network's `cleanup` after {@link leaveParty}.
   * @throws LanrageError AGENT_ALREADY_RUNNING while another program works in the state folder, CONTROL_UNAVAILABLE …
   */
  async initializeControl(): Promise<void> {
    this.network.claimHome();
    this.serverMembership.resume();
    await this.control.initialize();
  }

  /** Opens a party with this player as host. @throws LanrageError INVALID_NAME, INVALID_NETWORK, ADDRESS_CLASH, ALREADY_IN_PARTY, CONTROL_UNAVAILABLE … */
  async createParty(
    name: string,
    {
      peerName = this.config.nickname,
      network: wanted,
      server = this.config.server,
      leave,
      ...options
    }: CreateOptions = {},
  ): Promise<Party> {
    const key = randomBytes(PARTY_KEY_BYTES);
    const voucher = voucherFor(key, this.identity.publicKey);
    const request = { ...options, name: validName(name), peerName: validName(peerName), voucher };
    const trust = { key, sealed: options.sealed ?? false };
    const network = wanted === undefined ? undefined : validNetwork(wanted);
    return this.inTurn(async () => {
      await this.turnTo(server, leave);
      return this.enter({ joining: null, link: null, trust }, async (presence) =>
        this.control.registerParty({ ...request, network: await this.network.networkFor(network), presence }),
      );
    });
  }

  /**
   * Joins a party, at whatever server it is, and returns while its peers are still `connecting`. In that party already: changes
   * nothing.
   * @param where a party id or an invite link
   * @throws LanrageError INVALID_PARTY_ID, INVALID_NAME, PARTY_NOT_FOUND, PARTY_FULL, PARTY_LOCKED, PASSWORD_REQUIRED,
   * WRONG_PASSWORD, ALREADY_IN_PARTY, INVALID_INVITE, OTHER_SERVER, INVITE_EXPIRED, HOST_KEY_MISMATCH, PARTY_SEALED …
   */
  async joinParty(
    where: string,
    peerName = this.config.nickname,
    { password, server: named, leave }: JoinOptions = {},
  ): Promise<Party> {
    const { id, server, link } = destinationOf(where, named, this.config.server);
    const known = this.keys.trustIn(id);
    const trust = link ? { key: link.partyKey, sealed: link.sealed || known.sealed } : known;
    const voucher = trust.key ? voucherFor(trust.key, this.identity.publicKey) : undefined;
    const invite = link?.secret.toString('base64');
    const me = { peerName: validName(peerName), password, voucher, invite };
    return this.inTurn(async () => {
      if (this.session?.id === id && isSameServer(server, this.server)) return this.session.view();
      await this.turnTo(server, leave);
      return this.enter({ joining: id, link, trust }, (presence) =>
        this.control.joinParty(id, { ...me, presence }),
      );
    });
  }

  /**
   * Closes a party that this player owns, for everybody.
   * @param partyId of a persistent one that the agent is not in; absent: the one that it is in
   * @throws LanrageError INVALID_PARTY_ID, NOT_IN_PARTY, NOT_OWNER, PARTY_NOT_FOUND …
   */
  async closeParty(partyId?: string): Promise<void> {
    if (partyId === undefined) return this.hosting.close();
    await this.hosting.closeOther(validPartyId(partyId), this.session ? this.server : this.config.server);
  }

  /** Takes another name in the party. @throws LanrageError INVALID_NAME, NOT_IN_PARTY … */
  async rename(name: string): Promise<void> {
    const peerName = validName(name);
    await this.inTurn(async () => {
      const { id } = this.joinedSession();
      const presence = this.reachability.presence();
      const { members, revision } = await this.control.joinParty(id, { peerName, presence, resume: true });
      const member = members.find((other) => other.id === this.myPeerId);
      if (!member) return;
      this.onPartyEvent({ name: 'member.joined', data: { partyId: id, revision, member, relay: null } });
    });
  }

  /**
   * Leaves, in less than 2 s also while the server is away, which hears of it when it is back: from this agent, from the next one
   * in the state folder, or from another member. The members are told through the tunnel.
   * @throws LanrageError NOT_IN_PARTY
   */
  leaveParty(): Promise<void> {
    return this.inTurn(() => this.leave(this.joinedSession()));
  }

  /**
   * What `lanrage status` shows; latencies are measured for 0.4 s at most, older ones carry their age. With `games`, the members'
   * machines are asked for servers of games instead, for 0.7 s.
   */
  async getPartyStatus({ games = false } = {}): Promise<PartyStatus> {
    await (games ? this.session?.findServers() : this.session?.refreshLatencies());
    return this.describe();
  }

  /** What `lanrage status` shows, with what is known already; measures nothing. */
  describe(): PartyStatus {
    return partyStatus(this, this.session, this.lastEnd);
  }

  /** Resolves when every path is direct, relayed or failed, which takes 10 s at most. */
  async waitConnected(): Promise<Party | null> {
    await this.connections.settled();
    return this.currentParty;
  }

  /**
   * Leaves the party if in one, and lets go of everything: connections, interface, the lock of the state folder. Nothing of
   * this object keeps the process alive after that, so every program that uses it ends with this call.
   */
  async close(): Promise<void> {
    // An operation that waits for the server must not keep a player who wants to be gone.
    if (!this.session) await this.letGoOfServer();
    await this.inTurn(() => Promise.resolve());
    try {
      if (this.session) await this.leaveParty();
    } finally {
      await allDone([this.network.stop(), this.letGoOfServer()]).finally(() => this.network.cleanup());
    }
  }

  private letGoOfServer(): Promise<void> {
    return this.control.close().finally(() => this.serverMembership.close());
  }

  private async leave(session: PartySession): Promise<void> {
    this.session = undefined;
    this.sharedState.leave();
    const told = this.serverMembership.left(session.id, session.hasLeaveTicket);
    await allDone([session.leave(), this.reachability.end(), told]);
    this.emit('ended', null);
  }

  /** Before a party is entered: leaves the present one if that is wanted, and turns to the server of the next. */
  private async turnTo(server: string, isToLeave = false): Promise<void> {
    if (this.session && !isToLeave) throw new LanrageError('ALREADY_IN_PARTY');
    if (this.session) await this.leave(this.session);
    if (await this.control.turnTo(server)) this.reachability.serverChanged();
  }

  private async enter(
    { joining, link, trust }: Entrance,
    ask: (presence: Presence) => Promise<PartyEntry>,
  ): Promise<Party> {
    await this.serverMembership.settle(joining);
    if (joining) this.serverMembership.entering(joining);
    this.earlyEvents = [];
    this.reachability.prepare();
    const presence = this.reachability.presence();
    void this.control.wake(presence);
    // The interface takes about as long as the server's answer.
    const request = ask(presence);
    const [asked, started] = await Promise.allSettled([request, this.network.start()]);
    try {
      if (asked.status === 'rejected') throw asked.reason;
      this.serverMembership.entering(asked.value.id);
      if (started.status === 'rejected') throw started.reason;
      const { id, hostId, members } = asked.value;
      if (joining && id !== joining) throw otherParty();
      if (link && !isHostGenuine(hostId, members, link)) throw new LanrageError('HOST_KEY_MISMATCH');
      const session = this.newSession(asked.value, trust);
      if (trust.key) this.keys.remember(id, trust.key, trust.sealed);
      return await this.openSession(session, asked.value.stateVersion);
    } catch (error) {
      await this.undoEntering(asked.status === 'fulfilled' ? asked.value.id : null, joining, error);
      throw error;
    } finally {
      this.earlyEvents = undefined;
    }
  }

  private newSession(snapshot: PartyEntry, trust: PartyTrust): PartySession {
    const { config, identity, control, network, nat, reachability, connections, coordinator } = this;
    const parts = { config, identity, control, network, nat, reachability, connections, coordinator };
    return new PartySession(snapshot, parts, trust);
  }

  private async openSession(session: PartySession, stateVersion: number | undefined): Promise<Party> {
    await session.open();
    this.session = session;
    this.sharedState.enter(session.id, stateVersion);
    session.on('told', (version) => this.sharedState.resume(version));
    this.reachability.begin();
    this.lastEnd = null;
    session.on('peerJoined', (peer) => this.emit('peerJoined', peer));
    session.on('peerLeft', (peer) => this.emit('peerLeft', peer));
    session.on('hostChanged', (peer) => this.emit('hostChanged', peer));
    session.on('partyChanged', (party) => this.emit('partyChanged', party));
    session.on('gamesChanged', (servers) => this.emit('gamesChanged', servers));
    this.earlyEvents?.forEach((event) => this.onPartyEvent(event));
    return session.view();
  }

  /** Leaves nothing behind on this machine, nor on the server, which may have agreed without being heard. */
  private async undoEntering(
    entered: PartyId | null,
    joining: PartyId | null,
    error: unknown,
  ): Promise<void> {
    const isUncertain = error instanceof LanrageError && error.code === 'CONTROL_UNAVAILABLE';
    const told = entered ? this.serverMembership.left(entered) : Promise.resolve();
    if (!entered && !isUncertain) this.serverMembership.forget();
    else if (!entered && joining) void this.serverMembership.left(joining);
    else if (!entered) void this.reconciliation.ask();
    const machine = this.connections.stop().finally(() => this.network.stop());
    await allDone([machine, this.reachability.end(), told]);
    this.nat.returnPort();
  }

  /** The party is over, without the player's doing. */
  private async end(session: PartySession, reason: LanrageError): Promise<void> {
    this.session = undefined;
    this.sharedState.leave();
    this.lastEnd = reason;
    await allDone([session.close(), this.reachability.end()]);
    this.emit('ended', reason);
  }

  private listen(): void {
    const report = (error: Error) => void this.emit('fault', error);
    this.control.on('fault', (error) => this.onControlFault(error));
    this.connections.on('fault', report);
    this.serverMembership.on('fault', report);
    this.reconciliation.on('fault', report);
    this.sharedState.on('fault', report);
    this.sharedState.on('changed', (entry) => this.emit('stateChanged', entry));
    this.reachability.on('fault', report);
    this.reachability.on('natDetected', (info) => this.emit('natDetected', info));
    this.reachability.on('news', () => void this.sharePresence());
    this.reachability.on('news', () => this.session?.reconsider());
    this.reachability.on('mapped', () => void this.onMapped());
    this.reachability.on('moved', () => void this.connections.networkChanged());
    this.reachability.on('moved', () => this.session?.networkMoved());
    this.control.on('event', (event) => this.onServerEvent(event));
    this.control.on('connected', () => void this.onControlConnected());
    this.control.on('disconnected', () => this.emit('controlLost'));
    this.connections.on('change', ({ peerId }) => {
      this.session?.pathChanged(peerId);
      this.reachability.pathsChanged();
      const peer = this.currentParty?.peers.get(peerId);
      if (peer) this.emit('connectionChanged', peer);
    });
    this.connections.on('doubt', () => this.reachability.look());
    this.connections.on('attemptWanted', (...wanted) => void this.requestAttempt(...wanted));
    passOn(this.network, this.connections);
    this.network.on('goodbye', (virtualIp, goodbye) => this.session?.hearGoodbye(virtualIp, goodbye));
    this.network.on('repaired', (parts) => this.emit('tunnelRepaired', parts));
    this.network.on('rerouted', (now, before) => {
      this.emit('tunnelChanged', now);
      const concerned = this.session?.peersAt([...now.strays, ...before.strays]) ?? [];
      concerned.forEach((peer) => this.emit('connectionChanged', peer));
    });
    this.network.on('cleanedUp', () => void this.letGoOfServer());
    this.network.on('died', () => void this.inTurn(async () => this.session && this.renew(this.session)));
  }

  private async onControlConnected(): Promise<void> {
    this.emit('controlConnected');
    await this.sharePresence();
    if (this.nat.info().relayOnly) await this.initializeNat();
  }

  private onControlFault(error: LanrageError): void {
    this.emit('fault', error);
    // An agent that was away when its key was banned learns it when it comes back.
    if (error.code === 'BANNED_FROM_SERVER') void this.inTurn(() => this.onSessionOver(error));
  }

  private onServerEvent(event: ServerEvent): void {
    switch (event.name) {
      case 'party.snapshot':
        return void this.reconciliation.hear(event.data.party);
      case 'path.attempt':
        return void this.session?.beginAttempt(event.data);
      case 'state.changed':
        return this.sharedState.hear(event.data);
      case 'session.replaced':
        return void this.inTurn(() => this.onSessionOver(new LanrageError('SESSION_REPLACED')));
      case 'session.banned':
        return void this.inTurn(() => this.onSessionOver(new LanrageError('BANNED_FROM_SERVER')));
      default:
        this.onPartyEvent(event);
    }
  }

  private onPartyEvent(event: PartyEvent): void {
    const { session } = this;
    if (!session) return void this.earlyEvents?.push(event);
    // Each side's word about the relays is worth as much as it is new.
    if (event.name === 'member.presence' && event.data.udp === 'nobody') this.reachability.look();
    if (event.name === 'party.ended') return void this.inTurn(() => this.onPartyEnded(event.data));
    const isOwnLeave =
      event.name === 'member.left' &&
      event.data.partyId === session.id &&
      event.data.peerId === this.myPeerId;
    // The server let this agent go, for having been away too long.
    if (isOwnLeave || session.apply(event)) void this.reconciliation.ask();
  }

  /** Word of an earlier stay than this one means nothing. */
  private async onPartyEnded({ partyId, revision, reason }: AgentEvents['party.ended']): Promise<void> {
    const { session } = this;
    if (session?.id !== partyId || revision <= session.revision) return;
    this.serverMembership.forget();
    await this.end(session, new LanrageError(endCodes[reason]));
  }

  /** The server wants nothing more to do with this agent. */
  private async onSessionOver(reason: LanrageError): Promise<void> {
    if (!this.session) return;
    this.serverMembership.forget();
    await this.end(this.session, reason);
  }

  private async renew(session: PartySession): Promise<void> {
    try {
      await session.renew();
      this.reachability.begin();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      await allDone([this.end(session, error), this.serverMembership.left(session.id)]);
    }
  }

  private async onMapped(): Promise<void> {
    await this.sharePresence();
    await this.connections.candidatesChanged();
  }

  private async requestAttempt(peerId: PeerId, cause: AttemptCause): Promise<void> {
    const { session, control } = this;
    if (!session || !control.connected || !this.config.direct) return;
    await this.tolerate(() => control.requestAttempt(session.id, peerId, cause));
  }

  private async sharePresence(): Promise<void> {
    if (!this.control.connected) return;
    await this.tolerate(async () => {
      this.reachability.heardOfRelays(await this.control.updatePresence(this.reachability.presence()));
    });
  }

  private joinedSession(): PartySession {
    if (!this.session) throw new LanrageError('NOT_IN_PARTY');
    return this.session;
  }

  /** Runs what nobody waits for: an expected refusal goes to the log. */
  private async tolerate(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.transitions.run(work);
  }
}
