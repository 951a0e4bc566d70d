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
  CONTROL_PROOF_EVENT,
  RELAY_NAMESPACE,
  relayReportSchemas,
  type announceAnswerSchema,
  type controlProofSchema,
  type drainAnswerSchema,
} from '#shared/api/relay-link';
import type { AdmittedRelay, RelayReport } from '../../leader-client/contract';
import { Leader } from '../../leader-client/leader';
import { LocalSockets } from '../../leader-client/local-sockets';
import { socketOptions, SocketRequests } from '../../sockets/socket-requests';
import type { NamespaceRules } from '../../sockets/conversation';
import { SocketGuard } from '../../sockets/socket-guard';
import { RelaySignIn } from './relay-sign-in';

const EVENTS_PER_SECOND = 100;
/** A relay announces 20,000 pairs, 3 MB, when it connects, and reads as many from the server. */
const rules: NamespaceRules = {
  name: RELAY_NAMESPACE,
  acknowledges: true,
  packets: { perSecond: 10 * EVENTS_PER_SECOND, burst: 30 * EVENTS_PER_SECOND },
  bytes: { perSecond: 2 * 1024 * 1024, burst: 16 * 1024 * 1024 },
  unreadBytes: 32 * 1024 * 1024,
  sharesAddress: false,
};

type RelaySocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  { relay: AdmittedRelay; proof: Buffer }
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
    private readonly signIn: RelaySignIn,
    private readonly leader: Leader,
    private readonly sockets: LocalSockets,
    private readonly guard: SocketGuard,
  ) {}

  afterInit(namespace: Namespace): void {
    this.sockets.attachRelays(namespace);
    this.guard.admit(namespace, rules, (socket) => this.authenticate(socket));
  }

  handleConnection(socket: RelaySocket): void {
    const { relay, proof } = socket.data;
    const { relayId } = relay.announced;
    const from = { relayId, socketId: socket.id };
    // Before anything else: the relay obeys nobody who has not shown this.
    const shown: z.input<typeof controlProofSchema> = { proof: proof.toString('base64') };
    socket.emit(CONTROL_PROOF_EVENT, shown);
    this.requests.serve(socket, {
      'pairs.announce': (report) => this.announce(socket, { ...from, ...report }),
      'pairs.observed': async (report) => {
        await this.leader.relays.observed({ ...from, ...report });
        return { ok: true };
      },
      'address.seen': async (report) => {
        await this.leader.relays.seen({ ...from, ...report });
        return { ok: true };
      },
      load: async (report) => {
        await this.leader.relays.load({ ...from, ...report });
        return { ok: true };
      },
      drain: async (report): Promise<z.output<typeof drainAnswerSchema>> => ({
        wait: await this.leader.relays.drain({ ...from, ...report }),
      }),
    });
    const place = { nodeId: this.leader.nodeId, socketId: socket.id };
    this.leader.relays
      .connected({ relay, place })
      .catch((error: unknown) => {
        this.logger.warn({ err: error, relayId }, 'a relay could not be introduced');
        socket.conn.close(); // it connects again
      })
      // What was said of its end may have come to the leader first.
      .finally(() => {
        if (!socket.connected) this.handleDisconnect(socket);
      });
  }

  handleDisconnect(socket: RelaySocket): void {
    if (this.closing) return;
    const { relayId } = socket.data.relay.announced;
    void this.leader.inform.relays.disconnected({ relayId, socketId: socket.id });
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
  }

  private async authenticate(socket: Socket): Promise<void> {
    const { relay, proof } = await this.signIn.admit(socket.handshake.auth, socket.request);
    const { relayId } = relay.announced;
    await this.leader.relays.reserve({ relayId, socketId: socket.id });
    Object.assign(socket.data as RelaySocket['data'], { relay, proof });
  }

  private async announce(
    socket: RelaySocket,
    report: RelayReport<'pairs.announce'>,
  ): Promise<z.output<typeof announceAnswerSchema>> {
    try {
      return { close: await this.leader.relays.announced(report) };
    } catch (error) {
      socket.conn.close(); // it connects again, and announces again
      throw error;
    }
  }
}
