import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Namespace, Socket } from 'socket.io';
import { errorBody } from '#shared/api/remote-error';
import { CONFIG, type Config } from '../config';
import { limitKey } from '../util/client-address';
import { toLanrageError } from '../operations/errors';
import { RequestLimits } from '../operations/request-limits';
import { forgetRequestOf } from './socket-requests';
import { AddressBook } from './address-book';
import type { NamespaceRules } from './conversation';
import { GuardedConnection, type Connection, type Guards } from './guarded-connection';
import { TurnedAway } from './turned-away';

const SWEEP_MS = 10_000;

type Next = (error?: unknown) => void;
type UpgradeRequest = IncomingMessage & { _query: Record<string, string> };

/** Who may connect, and how much they may send: stands below socket.io, and at the doors of its namespaces. */
@Injectable()
export class SocketGuard implements OnApplicationShutdown {
  readonly addresses: AddressBook;
  private readonly namespaces = new Map<string, NamespaceRules>();
  private readonly guarded = new WeakMap<Connection, GuardedConnection>();
  private readonly sweep: NodeJS.Timeout;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly limits: RequestLimits,
    readonly turnedAway: TurnedAway,
  ) {
    this.addresses = new AddressBook(config.connectionsPerAddress);
    this.sweep = setInterval(() => this.addresses.forgetIdle(performance.now()), SWEEP_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweep);
  }

  /** Watches every connection of the one engine below all namespaces. */
  watch({ server: { engine } }: Namespace): void {
    engine.use((request: UpgradeRequest, response: object, next: Next) => {
      forgetRequestOf(response);
      this.countHandshake(request).then(() => next(), next);
    });
    engine.on('connection', (connection: Connection) => this.guard(connection));
  }

  /** Lets sockets into a namespace unless `check` throws; the client gets the error body as `data`. */
  admit(namespace: Namespace, rules: NamespaceRules, check: (socket: Socket) => void | Promise<void>): void {
    this.namespaces.set(rules.name, rules);
    namespace.use((socket, next) => {
      const checked = new Promise<void>((resolve) => resolve(check(socket)));
      checked
        .then(() => this.guarded.get(socket.conn)?.signedIn(rules))
        .then(
          () => next(),
          (thrown: unknown) => next(refusal(thrown)),
        );
    });
  }

  /** @throws for one that leads nowhere, or comes too often */
  private async countHandshake(request: UpgradeRequest): Promise<void> {
    // Engine.io would put a second transport below a connection that is open.
    if (request._query.sid !== undefined) throw new Error('connections do not change their transport');
    try {
      await this.limits.count('requests', request);
    } catch (error) {
      this.turnedAway.note('too many handshakes of the address', this.addressOf(request));
      throw error;
    }
  }

  private guard(connection: Connection): void {
    const address = this.addressOf(connection.request);
    const { addresses, turnedAway, namespaces } = this;
    const guards: Guards = { addresses, turnedAway, namespaces };
    this.guarded.set(connection, new GuardedConnection(connection, address, guards));
    // Without proxies, connections are counted before they ask for anything: see connection-limit.ts.
    if (this.config.trustedProxies > 0) this.countProxied(connection, address);
  }

  private countProxied(connection: Connection, address: string): void {
    if (this.addresses.enter(address, performance.now())) {
      connection.once('close', () => this.addresses.leave(address, performance.now()));
      return;
    }
    this.turnedAway.note('too many connections of the address', address);
    connection.close(true);
  }

  private addressOf(request: IncomingMessage): string {
    return limitKey(this.limits.addressOf(request));
  }
}

function refusal(thrown: unknown): Error {
  const error = toLanrageError(thrown);
  return Object.assign(new Error(error.message), { data: errorBody(error) });
}
