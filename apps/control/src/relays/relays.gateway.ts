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
  type announceAnswerSchema,
  type drainAnswerSchema,
  type RelayHandshake,
} from '#shared/api/relay-link';
import { LanrageError } from '#shared/errors';
import { Leader } from '../live/leader';
import { LocalSockets } from '../live/local-sockets';
import { Metrics } from '../operations/metrics';
import { admitSockets, socketOptions, SocketRequests } from '../operations/socket-requests';
import { MAX_RELAYS } from './registry';
import { showRelays } from './relay-gauges';
import { RelaySecrets } from './relay-secrets';

const EVENTS_PER_SECOND = 100;

type Reports = { [Name in keyof typeof relayReportSchemas]: z.output<(typeof relayReportSchemas)[Name]> };
type RelaySocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  { handshake: RelayHandshake }
>;

/** The relays' links: who may have one, and what comes over it, for the leader. */
@WebSocketGateway({ namespace: RELAY_NAMESPACE, ...socketOptions })
export class RelaysGateway
  implements OnGatewayInit<Namespace>, OnGatewayConnection, OnGatewayDisconnect, BeforeApplicationShutdown
{
  private readonly logger = new Logger('relays');
  private readonly requests = new SocketRequests(relayReportSchemas, EVENTS_PER_SECOND);
  private closing = false;

  constructor(
    private readonly secrets: RelaySecrets,
    private readonly leader: Leader,
    private readonly sockets: LocalSockets,
    private readonly metrics: Metrics,
  ) {}

  afterInit(namespace: Namespace): void {
    this.sockets.attachRelays(namespace);
    namespace.use(admitSockets((socket) => this.authenticate(socket)));
    showRelays(this.metrics, this.leader);
  }

  handleConnection(socket: RelaySocket): void {
    const { handshake } = socket.data;
    const from = { relayId: handshake.relayId, socketId: socket.id };
    this.requests.serve(socket, {
      'pairs.announce': (report) => this.announce(socket, { ...from, ...report }),
      'pairs.observed': async (report) => {
        await this.leader.call('relay.observed', { ...from, ...report });
        return { ok: true };
      },
      load: async (report) => {
        await this.leader.call('relay.load', { ...from, ...report });
        return { ok: true };
      },
      drain: async (report): Promise<z.output<typeof drainAnswerSchema>> => ({
        wait: await this.leader.call('relay.drain', { ...from, ...report }),
      }),
    });
    const connectedAtMs = socket.handshake.issued;
    const connection = { nodeId: this.leader.nodeId, socketId: socket.id, connectedAtMs };
    this.leader
      .call('relay.connected', { handshake, connection })
      .catch((error: unknown) => {
        this.logger.warn({ err: error, relayId: handshake.relayId }, 'a relay could not be introduced');
        socket.conn.close(); // it connects again
      })
      // What was said of its end may have come to the leader first.
      .finally(() => {
        if (!socket.connected) this.handleDisconnect(socket);
      });
  }

  handleDisconnect(socket: RelaySocket): void {
    if (this.closing) return;
    const { relayId } = socket.data.handshake;
    void this.leader.inform('relay.disconnected', { relayId, socketId: socket.id });
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
  }

  private async authenticate(socket: Socket): Promise<void> {
    const handshake = relayHandshakeSchema.safeParse(socket.handshake.auth);
    if (!handshake.success || !this.isAdmitted(handshake.data)) {
      throw new LanrageError('UNAUTHENTICATED', {
        message:
          'The control plane does not accept this relay. Check LANRAGE_RELAY_SECRET and the LANrage versions.',
      });
    }
    const { relayId } = handshake.data;
    if (!(await this.leader.call('relay.fits', { relayId }))) {
      const message = `The control plane knows ${MAX_RELAYS} relays already. Give relays names that stay: LANRAGE_RELAY_ID.`;
      throw new LanrageError('RATE_LIMITED', { message });
    }
    (socket as RelaySocket).data.handshake = handshake.data;
  }

  private isAdmitted({ relayId, secret }: RelayHandshake): boolean {
    return this.secrets.admit(relayId, secret);
  }

  private async announce(
    socket: RelaySocket,
    report: Reports['pairs.announce'] & { relayId: string; socketId: string },
  ): Promise<z.output<typeof announceAnswerSchema>> {
    try {
      return { close: await this.leader.call('relay.announced', report) };
    } catch (error) {
      socket.conn.close(); // it connects again, and announces again
      throw error;
    }
  }
}
