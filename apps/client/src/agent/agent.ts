import type { Logger } from 'pino';
import { LanrageError } from '#shared/errors';
import type { ClientConfig } from '../config';
import { progressOf } from '../connection/progress';
import { homePaths } from '../home';
import { NetworkManager } from '../network/network-manager';
import type { PartyStatus } from '../party/manager-contract';
import type { Peer } from '../party/party';
import { PartyManager } from '../party-manager';
import { findPeer } from './find-peer';
import type { Diagnosis, PingAnswer, StatusAnswer } from './local-api';
import { hostingHandlers } from './local-hosting';
import { serveLocalApi, type LocalHandlers } from './local-server';
import { acquireLock } from './lock';

/** The long-running process on a player's machine: a PartyManager that the command line can reach. */
export class Agent {
  private closeApi: () => Promise<void> = () => Promise.resolve();

  private constructor(
    readonly parties: PartyManager,
    private readonly releaseLock: () => void,
  ) {}

  /**
   * Undoes what an agent that was killed left behind, and starts. The control plane need not be there yet.
   * @throws LanrageError AGENT_ALREADY_RUNNING, UNSUPPORTED_PLATFORM, INVALID_PUBLIC_KEY
   */
  static async start(config: ClientConfig, log: Logger): Promise<Agent> {
    const releaseLock = acquireLock(config.home);
    try {
      const network = new NetworkManager(config);
      await network.initialize();
      const agent = new Agent(new PartyManager(config, network), releaseLock);
      logEvents(agent.parties, log);
      const onFault = (error: unknown) => log.error({ err: error }, 'a local request failed');
      agent.closeApi = await serveLocalApi(homePaths(config.home).socket, agent.handlers(), onFault);
      return agent;
    } catch (error) {
      releaseLock();
      throw error;
    }
  }

  /** Begins to look for the control plane and the NAT; neither has to be found. */
  connect(): void {
    // What is wrong is logged as a fault, and tried again by whatever needs it.
    this.parties.initializeControl().catch(() => undefined);
    void this.parties.initializeNat();
  }

  /** Leaves the party if in one, and undoes everything. */
  async stop(): Promise<void> {
    await this.parties.close();
    await this.closeApi();
    this.releaseLock();
  }

  private handlers(): LocalHandlers {
    const { parties } = this;
    return {
      status: async () => statusAnswer(await parties.getPartyStatus()),
      create: async ({ name, ...options }) => {
        await parties.createParty(name, options);
        return statusAnswer(parties.describe());
      },
      join: async ({ partyId, peerName, password }) => {
        await parties.joinParty(partyId, peerName, { password });
        return statusAnswer(parties.describe());
      },
      leave: async () => {
        await parties.leaveParty();
        return null;
      },
      ping: ({ peer }) => this.ping(peer),
      diagnose: ({ peer }) => this.diagnose(peer),
      ...hostingHandlers(parties, () => statusAnswer(parties.describe())),
    };
  }

  private async ping(wanted: string): Promise<PingAnswer> {
    const { name, virtualIp } = this.peer(wanted);
    return { name, virtualIp, latencyMs: await this.parties.network.measureLatency(virtualIp) };
  }

  private async diagnose(wanted: string | undefined): Promise<Diagnosis> {
    const { config, control, connections, reachability } = this.parties;
    const peerId = wanted === undefined ? null : this.peer(wanted).id;
    const status = statusAnswer(await this.parties.getPartyStatus());
    const nowMs = Date.now();
    const peers = status.status === 'in_party' ? status.party.peers : [];
    const paths = peers.flatMap(({ id }) => {
      const path = connections.pathOf(id);
      return path ? [[id, progressOf(path, nowMs)] as const] : [];
    });
    const { server, direct, portMapping: mapsPorts } = config;
    return {
      status,
      settings: { server, direct, portMapping: mapsPorts },
      controlConnected: control.connected,
      portMapping: reachability.portMapping.info(),
      paths: Object.fromEntries(paths),
      peerId,
    };
  }

  /** @throws LanrageError NOT_IN_PARTY, NO_SUCH_PEER */
  private peer(wanted: string): Peer {
    const party = this.parties.currentParty;
    if (!party) throw new LanrageError('NOT_IN_PARTY');
    return findPeer(party, wanted);
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
  parties.on('natDetected', ({ natType, mapping, publicEndpoint }) => {
    log.info({ natType, mapping }, 'NAT detected');
    log.debug({ publicEndpoint }, 'public endpoint');
  });
  parties.on('controlConnected', () => log.info('control plane connected'));
  parties.on('controlLost', () => log.warn('control plane lost; the game goes on'));
  parties.on('ended', (reason) => log.info({ code: reason?.code }, 'party ended'));
  parties.on('fault', (error) => log.debug({ err: error }, 'tried again later'));
}
