import { Inject, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io';
import type { Presence } from '#shared/api/party';
import { AGENT_NAMESPACE, agentHandshakeSchema, agentRequestSchemas } from '#shared/api/signaling';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { TokenBucket } from '#shared/token-bucket';
import { BannedKeys } from '../../auth/banned-keys';
import { Tokens } from '../../auth/tokens';
import { CONFIG, type Config } from '../../config';
import { Leader } from '../../leader-client/leader';
import { LocalSockets, type AgentSocketData } from '../../leader-client/local-sockets';
import { unixMs } from '../../util/clock';
import { Metrics } from '../../operations/metrics';
import { forgetRequest, socketOptions, SocketRequests } from '../../sockets/socket-requests';
import { JoiningService } from '../../parties/joining/joining.service';
import type { NamespaceRules } from '../../sockets/conversation';
import { SocketGuard } from '../../sockets/socket-guard';

const EVENTS_PER_SECOND = 10;
/** Twelve candidates and sixteen round trips, the most that an agent has to say, take 3 kB. */
const rules: NamespaceRules = {
  name: AGENT_NAMESPACE,
  acknowledges: false,
  packets: { perSecond: 10 * EVENTS_PER_SECOND, burst: 30 * EVENTS_PER_SECOND },
  bytes: { perSecond: 32 * 1024, burst: 96 * 1024 },
  unreadBytes: 4 * 1024 * 1024,
  sharesAddress: true,
};
/** Members in the snapshots that an agent asks for: two of the largest party at once, then one in 2.5 s. */
const SNAPSHOT_MEMBERS = { perSecond: 100, burst: 512 };
const LEADER_CHECK_MS = 1000;
/** Without a leader for so long a share of the presence time-out, a node sends its agents to another one. */
const SENT_AWAY_AT = 0.5;
/** … so many of them at a time, so that the others are not overrun. */
const SENT_AWAY_PER_CHECK = 1000;

type AgentSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, AgentSocketData>;

/** The agents' live connections: an agent that has one is online, hears of changes, and tells of its network. */
@WebSocketGateway({ namespace: AGENT_NAMESPACE, ...socketOptions })
export class AgentsGateway
  implements OnGatewayInit<Namespace>, OnGatewayConnection, OnGatewayDisconnect, BeforeApplicationShutdown
{
  private readonly logger = new Logger('signaling');
  private readonly requests = new SocketRequests(agentRequestSchemas, EVENTS_PER_SECOND);
  private readonly sentAwayAfterMs: number;
  private ledAtMs = 0;
  private leaderCheck: NodeJS.Timeout | null = null;
  private closing = false;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly tokens: Tokens,
    private readonly bannedKeys: BannedKeys,
    private readonly guard: SocketGuard,
    private readonly parties: JoiningService,
    private readonly leader: Leader,
    private readonly sockets: LocalSockets,
    private readonly metrics: Metrics,
  ) {
    this.sentAwayAfterMs = SENT_AWAY_AT * config.presenceTimeoutSeconds * 1000;
  }

  afterInit(namespace: Namespace): void {
    this.sockets.attachAgents(namespace);
    this.metrics.gauge(
      'lanrage_agents_online',
      'Agents that are connected to this node',
      () => this.sockets.agentCount,
    );
    this.guard.watch(namespace);
    this.guard.admit(namespace, rules, (socket) => this.authenticate(socket));
    this.leaderCheck = setInterval(() => this.checkLeader(performance.now()), LEADER_CHECK_MS);
  }

  handleConnection(socket: AgentSocket): void {
    forgetRequest(socket);
    const { peerId } = socket.data;
    // Since it was let in, when it was not there yet to be sent away.
    if (this.bannedKeys.has(peerId)) return this.sockets.dismissBanned([peerId]);
    this.requests.serve(socket, {
      'presence.update': (presence) => this.updatePresence(socket, presence),
      'path.request': async (request) => {
        await this.leader.paths.requested({ self: peerId, ...request });
        return { ok: true };
      },
      'party.get': this.snapshots(peerId),
    });
    socket.data.connectedAtMs = performance.now();
    const place = { nodeId: this.leader.nodeId, socketId: socket.id };
    this.leader.agents
      .connected({ peerId, place, ageMs: 0 })
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'an agent could not be welcomed');
        // Unlike disconnect(), this has the agent try again.
        socket.conn.close();
      })
      // What was said of its end may have come to the leader first.
      .finally(() => {
        if (!socket.connected) this.handleDisconnect(socket);
      });
  }

  handleDisconnect(socket: AgentSocket): void {
    if (!this.closing)
      void this.leader.inform.agents.disconnected({ peerId: socket.data.peerId, socketId: socket.id });
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    if (this.leaderCheck) clearInterval(this.leaderCheck);
  }

  private authenticate(socket: Socket): void {
    const handshake = agentHandshakeSchema.safeParse(socket.handshake.auth);
    const identity = handshake.success ? this.tokens.verify(handshake.data.token, unixMs()) : null;
    if (!identity) throw new LanrageError('UNAUTHENTICATED');
    this.bannedKeys.refuse(identity.peerId);
    this.leader.assertPresent();
    (socket as AgentSocket).data = { peerId: identity.peerId, presence: null, connectedAtMs: 0 };
  }

  /** Answers with the party, within a budget of members: a large party's snapshot is a hundred times a small one's. */
  private snapshots(peerId: PeerId): () => Promise<object> {
    let budget: TokenBucket | null = null;
    let membersLast = 1;
    let taken: PartyId | null = null;
    return async () => {
      const nowMs = performance.now();
      budget ??= new TokenBucket(SNAPSHOT_MEMBERS, nowMs);
      if (!budget.take(membersLast, nowMs)) {
        const retryAfterSeconds = Math.ceil(budget.waitMs(membersLast, nowMs) / 1000);
        throw new LanrageError('RATE_LIMITED', { retryAfterSeconds });
      }
      const party = await this.parties.current(peerId, taken);
      taken = party?.id ?? null;
      membersLast = Math.max(1, party?.members.length ?? 0);
      return { ok: true, party };
    };
  }

  private async updatePresence(socket: AgentSocket, presence: Presence): Promise<object> {
    // A leader to come is told by this node.
    socket.data.presence = presence;
    const relaysVersion = await this.leader.agents.declared({ peerId: socket.data.peerId, presence });
    return { ok: true, relaysVersion };
  }

  /** Sends agents to another node before the leader, which may only be out of this node's reach, takes them for gone. */
  private checkLeader(nowMs: number): void {
    if (this.leader.isPresent) this.ledAtMs = nowMs;
    else if (nowMs - this.ledAtMs >= this.sentAwayAfterMs) this.sockets.sendAway(SENT_AWAY_PER_CHECK);
  }
}
