import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io';
import type { z } from 'zod';
import {
  RELAY_NAMESPACE,
  relayHandshakeSchema,
  relayReportSchemas,
  type RelayHandshake,
} from '#shared/api/relay-link';
import { LanrageError } from '#shared/errors';
import { Metrics } from '../operations/metrics';
import { admitSockets, socketOptions, SocketRequests } from '../operations/socket-requests';
import { PartiesService } from '../parties/parties.service';
import { PartyStore } from '../parties/party.store';
import { DirectPaths } from '../signaling/direct-paths';
import { PresenceBook } from '../signaling/presence';
import { RelayRegistry, type Relay } from './registry';
import { RelaySecrets } from './relay-secrets';
import { RelaySessions } from './sessions';

const EVENTS_PER_SECOND = 100;
const CARE_INTERVAL_MS = 1000;
/** After a start, pairs that relays still have are announced first; only then new ones are opened in their place. */
const SETTLING_MS = 5000;

type Reports = { [Name in keyof typeof relayReportSchemas]: z.output<(typeof relayReportSchemas)[Name]> };
type RelaySocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  { handshake: RelayHandshake }
>;

/** The relays' links: which are there, what they have open, what they see. */
@WebSocketGateway({ namespace: RELAY_NAMESPACE, ...socketOptions })
export class RelaysGateway
  implements OnGatewayInit<Namespace>, OnGatewayConnection, OnGatewayDisconnect, BeforeApplicationShutdown
{
  private readonly logger = new Logger('relays');
  private readonly requests = new SocketRequests(relayReportSchemas, EVENTS_PER_SECOND);
  private readonly startedAtMs = Date.now();
  private care: NodeJS.Timeout | null = null;

  constructor(
    private readonly secrets: RelaySecrets,
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly parties: PartiesService,
    private readonly store: PartyStore,
    private readonly presence: PresenceBook,
    private readonly directPaths: DirectPaths,
    private readonly metrics: Metrics,
  ) {}

  afterInit(namespace: Namespace): void {
    namespace.use(admitSockets((socket) => this.authenticate(socket)));
    this.metrics.gauge(
      'lanrage_relays_ready',
      'Relays that are connected',
      () => this.registry.describe().length,
    );
    this.metrics.gauge(
      'lanrage_relay_pairs',
      'Pairs of members that need a relay',
      () => this.sessions.count,
    );
    this.care = setInterval(() => this.assignStranded(), CARE_INTERVAL_MS);
  }

  handleConnection(socket: RelaySocket): void {
    const relay = this.registry.connect(socket.data.handshake, socket);
    this.logger.log({ relayId: relay.id, region: relay.region }, 'relay connected');
    this.requests.serve(socket, {
      'pairs.announce': (report) => this.announce(relay, socket, report),
      'pairs.observed': (report) => this.observed(relay, report),
      load: (load) => {
        relay.packetsPerSecond = load.packetsPerSecond;
        return { ok: true };
      },
    });
  }

  handleDisconnect(socket: RelaySocket): void {
    const { relayId } = socket.data.handshake;
    if (this.registry.disconnect(relayId, socket, Date.now()))
      this.logger.warn({ relayId }, 'relay disconnected');
  }

  beforeApplicationShutdown(): void {
    if (this.care) clearInterval(this.care);
  }

  private authenticate(socket: Socket): void {
    const handshake = relayHandshakeSchema.safeParse(socket.handshake.auth);
    if (!handshake.success || !this.secrets.include(handshake.data.secret)) {
      throw new LanrageError('UNAUTHENTICATED', {
        message:
          'The control plane does not accept this relay. Check LANRAGE_RELAY_SECRET and the LANrage versions.',
      });
    }
    (socket as RelaySocket).data.handshake = handshake.data;
  }

  private async announce(relay: Relay, socket: Socket, report: Reports['pairs.announce']): Promise<object> {
    try {
      const members = await this.store.membersOf(this.sessions.unknownParties(report.pairs));
      const partyOf = new Map(members.map(({ peerId, partyId }) => [peerId, partyId]));
      const close = this.sessions.adopt(relay, report.pairs, partyOf);
      // The answer first: ports that it frees can then be used again.
      if (report.final) setImmediate(() => this.ready(relay));
      return { close };
    } catch (error) {
      socket.conn.close(); // it connects again, and announces again
      throw error;
    }
  }

  private ready(relay: Relay): void {
    this.sessions
      .ready(relay)
      .catch((error: unknown) => this.logger.error({ err: error }, 'relay not made ready'));
  }

  private async observed(relay: Relay, { observations }: Reports['pairs.observed']): Promise<object> {
    const moved = observations.flatMap(({ pairId, publicKey, endpoint }) => {
      const peerId = this.sessions.observedPeer(relay, pairId, publicKey);
      return peerId && this.presence.observe(peerId, endpoint) ? [peerId] : [];
    });
    this.directPaths.observed(new Set(observations.map(({ pairId }) => pairId)));
    for (const peerId of new Set(moved)) await this.parties.tellPresence(peerId);
    return { ok: true };
  }

  private assignStranded(): void {
    const nowMs = Date.now();
    if (nowMs - this.startedAtMs < SETTLING_MS) return;
    this.sessions
      .assignStranded(nowMs)
      .catch((error: unknown) => this.logger.error({ err: error }, 'pairs without a relay stay so for now'));
  }
}
