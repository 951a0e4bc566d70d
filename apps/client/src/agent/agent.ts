import type { Logger } from 'pino';
import { LanrageError } from '#shared/errors';
import { parseVirtualIp } from '#shared/party/virtual-ip';
import type { ClientConfig, LogLevel } from '../config';
import { progressOf } from '../connection/progress';
import { broadcastFault } from '../discovery/broadcast-fault';
import { createLogger } from '../logger';
import { NetworkManager } from '../network/network-manager';
import type { PartyStatus } from '../party/manager-contract';
import type { Party, Peer } from '../party/party';
import { RememberedParties } from '../party/remembered-parties';
import { PartyManager } from '../party-manager';
import { AgentEvents, type AgentEvent } from './agent-events';
import { DesktopNotices } from './desktop-notice';
import { findPeer } from './find-peer';
import { invitationOf } from './invitation';
import type {
  Diagnosis,
  DoctorAnswer,
  InvitationAnswer,
  LocalRequest,
  PingAnswer,
  StatusAnswer,
} from './local-api';
import { LocalAccess } from './local-access';
import { settingsAnswer } from './local-settings';
import { hostingHandlers } from './local-hosting';
import type { LocalHandlers } from './local-server';
import { LogBook } from './log-book';
import { PortHelp } from './port-help';
import { awaitState } from './state-wait';

/** The long-running process on a player's machine: a PartyManager that the command line can reach. */
export class Agent {
  private readonly access: LocalAccess;
  private readonly portHelp: PortHelp;
  private readonly remembered: RememberedParties;
  private readonly events: AgentEvents;

  private constructor(
    readonly parties: PartyManager,
    onFault: (error: unknown) => void,
    private readonly book: LogBook,
  ) {
    this.portHelp = new PortHelp(parties);
    this.remembered = new RememberedParties(parties.config.home);
    parties.on('partyChanged', () => this.remember());
    this.events = new AgentEvents(parties);
    const { log } = this.events;
    this.access = new LocalAccess(
      this.handlers(),
      {
        standing: () => log.standing(this.standing()),
        since: (id) => log.since(id),
        listen: (listener) => this.events.follow((_event, sent) => listener(sent)),
      },
      onFault,
    );
    const notices = new DesktopNotices();
    this.events.on('event', (event) => notices.hear(event));
  }

  /**
   * Undoes what an agent that was killed left behind, and starts. The control plane need not be there yet.
   * @throws LanrageError AGENT_ALREADY_RUNNING, HOME_NOT_SAFE, UNSUPPORTED_PLATFORM, HOME_FILE_DAMAGED, HOME_FULL …
   */
  static async start(config: ClientConfig, level: LogLevel): Promise<Agent> {
    const book = new LogBook();
    const log = createLogger(level, book);
    const network = new NetworkManager(config);
    try {
      await network.initialize();
      const onFault = (error: unknown) => log.error({ err: error }, 'local request failed');
      const agent = new Agent(new PartyManager(config, network), onFault, book);
      logEvents(agent.parties, log);
      agent.portHelp.on('asked', ({ id }, port, answer) =>
        log.info({ peerId: id, port, answer }, 'asked about a port'),
      );
      await agent.access.open(config.home);
      return agent;
    } catch (error) {
      await network.cleanup();
      throw error;
    }
  }

  /** Begins to look for the control plane and the NAT; neither has to be found. */
  connect(): void {
    // What is wrong is logged as a fault, and tried again by whatever needs it.
    this.parties.initializeControl().catch(() => undefined);
    void this.parties.initializeNat();
  }

  /** Tells how things stand, and from then on what happens. @returns how to stop */
  follow(listener: (event: AgentEvent) => void): () => void {
    listener(this.standing());
    return this.events.follow(listener);
  }

  /** @throws LanrageError as {@link PartyManager.createParty} */
  async create({ name, ...options }: LocalRequest<'create'>): Promise<void> {
    await this.parties.createParty(name, options);
    this.remember();
  }

  /** @throws LanrageError as {@link PartyManager.joinParty} */
  async join({ partyId, peerName, ...options }: LocalRequest<'join'>): Promise<void> {
    await this.parties.joinParty(partyId, peerName, options);
    this.remember();
  }

  /** Leaves the party if in one, and undoes everything. */
  async stop(): Promise<void> {
    const over = this.parties.close();
    // The socket is gone before the lock is given back, so that it is not taken from the next agent.
    const closed = this.access.close(over);
    try {
      await over;
    } finally {
      await closed;
    }
  }

  private handlers(): LocalHandlers {
    const { parties } = this;
    return {
      status: async () => statusAnswer(await parties.getPartyStatus()),
      create: async (request) => {
        await this.create(request);
        return this.entered();
      },
      join: async (request) => {
        await this.join(request);
        return this.entered();
      },
      settle: async () => {
        await parties.waitConnected();
        return statusAnswer(parties.describe());
      },
      leave: async () => {
        await parties.leaveParty();
        return null;
      },
      games: async () => statusAnswer(await parties.getPartyStatus({ games: true })),
      ping: ({ peer }) => this.ping(peer),
      diagnose: ({ peer, port }) => this.diagnose(peer, port),
      doctor: ({ peer, port }) => this.doctor(peer, port),
      awaitState: (known, gone) =>
        this.access.streams.wait(() => awaitState(parties.sharedState, this.events, known, gone)),
      settings: () => Promise.resolve(settingsAnswer(parties.config)),
      remembered: () => Promise.resolve({ server: parties.config.server, parties: this.remembered.list() }),
      forget: ({ partyId }) => {
        this.remembered.forget(partyId);
        return Promise.resolve(null);
      },
      inspect: ({ link }) => Promise.resolve(this.invitation(link)),
      page: () => this.access.page(),
      log: () => Promise.resolve({ lines: this.book.lines }),
      ...hostingHandlers(parties, () => statusAnswer(parties.describe())),
    };
  }

  private invitation(link: string): InvitationAnswer {
    return invitationOf(link, this.parties.config.server, this.remembered.list());
  }

  /** Keeps the party for later, as it is called now. */
  private remember(): void {
    const party = this.parties.currentParty;
    const self = party?.peers.get(this.parties.myPeerId);
    if (!party || !self) return;
    try {
      const { server } = this.parties;
      this.remembered.remember({ partyId: party.id, server, name: party.name, peerName: self.name });
    } catch (error) {
      // A full disk is no reason to stop playing.
      if (!(error instanceof LanrageError)) throw error;
    }
  }

  private entered(): StatusAnswer {
    const standing = this.standing();
    this.events.tell(standing);
    return standing.data;
  }

  private standing() {
    return { event: 'status', data: statusAnswer(this.parties.describe()) } as const;
  }

  private async ping(wanted: string): Promise<PingAnswer> {
    const { party, peer } = this.peer(wanted);
    const { name, virtualIp } = peer;
    // A peer that is refused for its address may have one outside the party's network: nothing is sent there.
    const address = parseVirtualIp(virtualIp, party.network);
    return {
      name,
      virtualIp,
      latencyMs: address ? await this.parties.network.measureLatency(address) : null,
    };
  }

  private async diagnose(wanted: string | undefined, port: number | undefined): Promise<Diagnosis> {
    const { config, control, connections, reachability } = this.parties;
    const peerId = wanted === undefined ? null : this.peer(wanted).peer.id;
    await Promise.all([this.parties.network.checkGuard(), this.parties.network.checkTunnel()]);
    const isInParty = this.parties.currentParty !== null;
    const [trial, firewall, deaf, fault] = await Promise.all([
      port === undefined ? null : this.portHelp.try(this.peerOrSelf(wanted), port),
      this.portHelp.firewall(),
      this.portHelp.deafListeners(),
      isInParty ? broadcastFault() : null,
    ]);
    const status = statusAnswer(await this.parties.getPartyStatus());
    const nowMs = Date.now();
    const peers = status.status === 'in_party' ? status.party.peers : [];
    const paths = peers.flatMap(({ id }) => {
      const path = connections.pathOf(id);
      return path ? [[id, progressOf(path, nowMs)] as const] : [];
    });
    const { direct, portMapping: mapsPorts } = config;
    return {
      status,
      settings: { server: this.parties.server, direct, portMapping: mapsPorts },
      controlConnected: control.connected,
      controlFault: control.fault && { code: control.fault.code, message: control.fault.message },
      udp: reachability.udp,
      portMapping: reachability.portMapping.info(),
      paths: Object.fromEntries(paths),
      peerId,
      trial,
      firewall,
      deaf,
      broadcastFault: fault,
      interfaceName: config.interface,
    };
  }

  /** The doctor is loaded when somebody asks for it. */
  private async doctor(wanted: string | undefined, port: number | undefined): Promise<DoctorAnswer> {
    const [{ findingsOf }, { examineNetwork }] = await Promise.all([
      import('../doctor/findings.js'),
      import('../doctor/network-examination.js'),
    ]);
    const [diagnosis, network] = await Promise.all([
      this.diagnose(wanted, port),
      examineNetwork({ ...this.parties.config, server: this.parties.server }),
    ]);
    return { findings: findingsOf({ agent: { state: 'running', diagnosis }, network }) };
  }

  /** @throws LanrageError NOT_IN_PARTY, NO_SUCH_PEER */
  private peerOrSelf(wanted: string | undefined): Peer {
    return this.peer(wanted ?? this.parties.myPeerId).peer;
  }

  /** @throws LanrageError NOT_IN_PARTY, NO_SUCH_PEER */
  private peer(wanted: string): { party: Party; peer: Peer } {
    const party = this.parties.currentParty;
    if (!party) throw new LanrageError('NOT_IN_PARTY');
    return { party, peer: findPeer(party, wanted) };
  }
}

/** The status as it is printed. */
export function statusAnswer(status: PartyStatus): StatusAnswer {
  return status.status === 'no_party' ? status : { ...status, party: status.party.toJSON() };
}

/** Names are for the player's eyes, not for logs. */
function logEvents(parties: PartyManager, log: Logger): void {
  parties.on('peerJoined', ({ id, connectionType, reason }) => {
    log.info({ peerId: id }, 'peer joined');
    if (connectionType === 'failed') log.warn({ peerId: id, reason: reason?.code }, 'peer refused');
  });
  parties.on('peerLeft', ({ id }) => log.info({ peerId: id }, 'peer left'));
  parties.on('hostChanged', ({ id }) => log.info({ peerId: id }, 'host changed'));
  parties.on('partyChanged', () => log.info('party changed'));
  parties.on('connectionChanged', ({ id, connectionType }) =>
    log.info({ peerId: id, connectionType }, 'connection changed'),
  );
  parties.on('tunnelRepaired', (parts) =>
    log.warn({ parts }, 'another program removed part of the network; restored'),
  );
  parties.on('tunnelChanged', ({ missing, detail, strays }) => {
    if (missing.length + strays.length === 0) log.info('all players can be reached through the tunnel again');
    else log.warn({ missing, detail, strays }, 'players cannot be reached through the tunnel');
  });
  parties.on('natDetected', ({ natType, mapping, publicEndpoint }) => {
    log.info({ natType, mapping }, 'NAT detected');
    log.debug({ publicEndpoint }, 'public endpoint');
  });
  parties.on('controlConnected', () => log.info('control plane connected'));
  parties.on('controlLost', () => log.warn('control plane lost; the game goes on'));
  parties.on('ended', (reason) => log.info({ code: reason?.code }, 'party ended'));
  parties.on('fault', (error) => log.debug({ err: error }, 'background operation failed, will retry'));
}
