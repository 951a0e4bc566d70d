import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { Cluster, Duties } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { CONFIG, type Config } from '../config';
import { inParts } from '../util/lists';
import { Membership } from '../parties/membership/membership';
import type { Attendance, AttendanceOf } from '../model/party';
import { PartyStore } from '../parties/membership/party.store';
import type { Answer, ConnectedAgent, LeaderCalls, Payload } from './contract';
import { LiveState } from '../leader/live-state';
import { LocalSockets } from './local-sockets';

const AGENTS_PER_MESSAGE = 500;
const RETRY_SECONDS = 2;

/** The way to the leader, which may be this node. */
@Injectable()
export class Leader implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger('cluster');
  private live: LiveState | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    private readonly membership: Membership,
    private readonly store: PartyStore,
    private readonly sockets: LocalSockets,
  ) {}

  /** @throws LanrageError the leader's, or CONTROL_UNAVAILABLE while there is none */
  async call<Name extends keyof LeaderCalls>(
    name: Name,
    payload: Payload<LeaderCalls, Name>,
  ): Promise<Answer<LeaderCalls, Name>> {
    return (await this.cluster.askLeader(name, payload)) as Answer<LeaderCalls, Name>;
  }

  /** The same for what is done already, whether the leader hears of it now or only the next one. Never fails. */
  async inform<Name extends keyof LeaderCalls>(
    name: Name,
    payload: Payload<LeaderCalls, Name>,
  ): Promise<void> {
    await this.call(name, payload).catch((error: unknown) => {
      this.logger.warn({ err: error, call: name }, 'the leader could not be told');
    });
  }

  /** Who of these is there; while the leader does not answer, all of them may be back at any moment. Never fails. */
  readonly attendance = async (peerIds: readonly PeerId[]): Promise<AttendanceOf> => {
    let known: Attendance[] = [];
    try {
      if (peerIds.length > 0) known = await this.call('agents.attendance', { peerIds });
    } catch (error) {
      this.logger.warn({ err: error }, 'who is there is not known');
    }
    const attendance = new Map(peerIds.map((peerId, index) => [peerId, known[index]]));
    return (peerId) => attendance.get(peerId) ?? 'away';
  };

  /** To be asked before anything is changed that the leader has to hear of. @throws LanrageError CONTROL_UNAVAILABLE */
  assertPresent(): void {
    if (!this.isPresent) throw new LanrageError('CONTROL_UNAVAILABLE', { retryAfterSeconds: RETRY_SECONDS });
  }

  /** Whether there is one, or will be in a moment. */
  get isPresent(): boolean {
    return this.cluster.isLed;
  }

  get nodeId(): string {
    return this.cluster.nodeId;
  }

  /** What this node holds while it leads; null while another one does. */
  get ownState(): LiveState | null {
    return this.cluster.leads ? this.live : null;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.cluster.start(this.duties);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.cluster.resign();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.cluster.close();
  }

  /** Who has come and gone since the leader was told who is here, and may have been overtaken by that. */
  private correct(introduced: readonly ConnectedAgent[]): void {
    const known = new Set(introduced.map(({ socketId }) => socketId));
    for (const { peerId, socketId } of introduced) {
      if (!this.sockets.has(socketId)) void this.inform('agent.disconnected', { peerId, socketId });
    }
    for (const { peerId, socketId, ageMs } of this.sockets.agents()) {
      const place = { nodeId: this.nodeId, socketId };
      if (!known.has(socketId)) void this.inform('agent.connected', { peerId, place, ageMs });
    }
  }

  private readonly duties: Duties = {
    serve: this.sockets.serve,
    lead: () => {
      const { presenceTimeoutSeconds, maxPeers } = this.config;
      this.live = new LiveState(
        this.cluster,
        this.membership,
        this.store,
        presenceTimeoutSeconds * 1000,
        maxPeers,
      );
      return this.live;
    },
    introduce: async () => {
      const { nodeId } = this;
      const introduced = this.sockets.agents();
      const [first = [], ...others] = inParts(introduced, AGENTS_PER_MESSAGE);
      for (const [place, agents] of [first, ...others].entries()) {
        await this.call('agents.introduced', { nodeId, agents, isFirst: place === 0 });
      }
      this.correct(introduced);
      this.sockets.redialRelays();
    },
  };
}
