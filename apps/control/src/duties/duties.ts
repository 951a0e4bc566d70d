import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Cluster, Duties, Serve } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { CONFIG, type Config } from '../config';
import { LiveState } from '../leader/live-state';
import type { ConnectedAgent } from '../leader-client/contract';
import { Leader } from '../leader-client/leader';
import { LocalSockets } from '../leader-client/local-sockets';
import { Metrics } from '../operations/metrics';
import { Membership } from '../parties/membership/membership';
import { PartyStore } from '../parties/membership/party.store';
import { inParts } from '../util/lists';
import { showRelays } from './relay-gauges';

const AGENTS_PER_MESSAGE = 500;

/** What each node does for the others: hands out what the leader says, tells a new one who is here, and leads when elected. */
@Injectable()
export class NodeDuties
  implements Duties, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly serve: Serve;
  private live: LiveState | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    private readonly membership: Membership,
    private readonly store: PartyStore,
    private readonly leader: Leader,
    private readonly sockets: LocalSockets,
    private readonly metrics: Metrics,
  ) {
    this.serve = sockets.serve;
  }

  async onApplicationBootstrap(): Promise<void> {
    showRelays(this.metrics, () => (this.cluster.leads ? this.live : null));
    await this.cluster.start(this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.cluster.resign();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.cluster.close();
  }

  lead(): LiveState {
    const { presenceTimeoutSeconds, maxPeers } = this.config;
    this.live = new LiveState(
      this.cluster,
      this.membership,
      this.store,
      presenceTimeoutSeconds * 1000,
      maxPeers,
    );
    return this.live;
  }

  async introduce(): Promise<void> {
    const { nodeId } = this.cluster;
    const introduced = this.sockets.agents();
    const [first = [], ...others] = inParts(introduced, AGENTS_PER_MESSAGE);
    for (const [place, agents] of [first, ...others].entries()) {
      await this.leader.agents.introduced({ nodeId, agents, isFirst: place === 0 });
    }
    this.correct(introduced);
    this.sockets.redialRelays();
  }

  /** Who has come and gone since the leader was told who is here, and may have been overtaken by that. */
  private correct(introduced: readonly ConnectedAgent[]): void {
    const known = new Set(introduced.map(({ socketId }) => socketId));
    for (const { peerId, socketId } of introduced) {
      if (!this.sockets.has(socketId)) void this.leader.inform.agents.disconnected({ peerId, socketId });
    }
    for (const { peerId, socketId, ageMs } of this.sockets.agents()) {
      const place = { nodeId: this.cluster.nodeId, socketId };
      if (!known.has(socketId)) void this.leader.inform.agents.connected({ peerId, place, ageMs });
    }
  }
}
