import type { IncomingMessage } from 'node:http';
import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
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
import type { PeerId } from '#shared/party/identity';
import { Tokens } from '../auth/tokens';
import { Metrics } from '../operations/metrics';
import { RequestLimits } from '../operations/request-limits';
import {
  admitSockets,
  forgetRequest,
  forgetRequestOf,
  socketOptions,
  SocketRequests,
} from '../operations/socket-requests';
import { PartiesService } from '../parties/parties.service';
import { RelayMoves } from '../relays/moves';
import { AgentSockets, roomOf } from './agent-sockets';
import { DirectPaths } from './direct-paths';
import { PresenceBook } from './presence';

const EVENTS_PER_SECOND = 10;

type AgentSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, { peerId: PeerId }>;

/** The agents' live connections: whoever has one is online, hears of changes, and tells of its network. */
@WebSocketGateway({ namespace: AGENT_NAMESPACE, ...socketOptions })
export class AgentsGateway
  implements OnGatewayInit<Namespace>, OnGatewayConnection, OnGatewayDisconnect, BeforeApplicationShutdown
{
  private readonly logger = new Logger('signaling');
  private readonly requests = new SocketRequests(agentRequestSchemas, EVENTS_PER_SECOND);
  private namespace: Namespace | null = null;
  private closing = false;

  constructor(
    private readonly tokens: Tokens,
    private readonly limits: RequestLimits,
    private readonly parties: PartiesService,
    private readonly presence: PresenceBook,
    private readonly sockets: AgentSockets,
    private readonly directPaths: DirectPaths,
    private readonly relayMoves: RelayMoves,
    private readonly metrics: Metrics,
  ) {}

  afterInit(namespace: Namespace): void {
    this.namespace = namespace;
    this.sockets.attach(namespace);
    this.metrics.gauge('lanrage_agents_online', 'Agents that are connected', () => this.presence.onlineCount);
    namespace.server.engine.use(
      (request: IncomingMessage, response: object, next: (error?: unknown) => void) => {
        forgetRequestOf(response);
        this.limits.count('requests', request).then(() => next(), next);
      },
    );
    namespace.use(admitSockets((socket) => this.authenticate(socket)));
  }

  handleConnection(socket: AgentSocket): void {
    forgetRequest(socket);
    const { peerId } = socket.data;
    const replacedId = this.presence.connect(peerId, socket.id);
    if (replacedId !== null) this.replace(replacedId);
    this.requests.serve(socket, {
      'presence.update': (presence) => this.updatePresence(peerId, presence),
      'path.request': ({ partyId, peerId: other, cause }) => {
        this.directPaths.requested(partyId, peerId, other, cause);
        return { ok: true };
      },
      'party.get': async () => ({ ok: true, party: await this.parties.current(peerId) }),
    });
    this.parties
      .welcome(peerId, (party) => {
        if (!socket.connected) return;
        socket.emit('party.snapshot', { party });
        void socket.join(roomOf(peerId));
      })
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'an agent could not be welcomed');
        // Unlike disconnect(), this has the agent try again.
        socket.conn.close();
      });
  }

  handleDisconnect(socket: AgentSocket): void {
    const { peerId } = socket.data;
    const offline = this.presence.disconnect(peerId, socket.id, Date.now());
    if (!offline || this.closing) return;
    this.parties.tellPresence(peerId).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'nobody could be told that an agent went offline');
    });
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
  }

  private authenticate(socket: Socket): void {
    const handshake = agentHandshakeSchema.safeParse(socket.handshake.auth);
    const identity = handshake.success ? this.tokens.verify(handshake.data.token, Date.now()) : null;
    if (!identity) throw new LanrageError('UNAUTHENTICATED');
    (socket as AgentSocket).data.peerId = identity.peerId;
  }

  private replace(socketId: string): void {
    const replaced = this.namespace?.sockets.get(socketId);
    replaced?.emit('session.replaced', {});
    replaced?.disconnect(true);
  }

  private async updatePresence(peerId: PeerId, presence: Presence): Promise<object> {
    if (this.presence.declare(peerId, presence)) await this.parties.tellPresence(peerId);
    if (presence.relayRoundTripsMs) this.relayMoves.measured(peerId, presence.relayRoundTripsMs, Date.now());
    return { ok: true };
  }
}
