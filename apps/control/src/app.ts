import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { version } from '#runtime/version';
import { portFault } from '#runtime/port-fault';
import * as adminApi from './admin/admin.api';
import { AppModule } from './app.module';
import { redacted, unknownVariables, type Config } from './config';
import { nameSchemas } from './operations/api-schemas';
import { invalidInput } from './operations/errors';
import { Database } from './database/database';
import { ensureDataFolder } from './util/files';
import { takeTurns, turnAwayFloods } from './operations/flood-gate';
import { refuseWithoutHost } from './operations/host-header';
import { StructuredLogger } from './util/logging';
import { Metrics } from './operations/metrics';
import { serveDocumentation } from './operations/openapi';
import { observeRequests } from './operations/request-log';
import { StartError } from './util/start-error';
import { RequestLimits } from './operations/request-limits';
import { limitConnections, refuseOtherUpgrades } from './sockets/connection-limit';
import { SocketGuard } from './sockets/socket-guard';

const LARGEST_BODY = '16kb';
/** The largest write of what members share: 64 kB, most of it escaped. */
const LARGEST_STATE_BODY = '160kb';
const statePath = /^\/v1\/parties\/[0-9a-f]{12}\/state$/;

/** Milliseconds. A client that dawdles over a request loses the connection; idle connections outlast an agent's pauses. */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 30_000,
  /** How often Node looks for those whose time is up; by itself, only every 30 s. */
  connectionsCheckingInterval: 2_000,
};
/** Refused in words, see host-header.ts. */
const requireHostHeader = false;

export interface ControlApp {
  /** The URL at which it can be reached. */
  readonly url: string;
  readonly port: number;
  /** Answers what is under way, then closes connections and database. */
  close(): Promise<void>;
}

/** Starts the control plane; it listens when the promise settles. */
export async function startControl(config: Config): Promise<ControlApp> {
  const logger = new StructuredLogger(config.logLevel);
  logger.log({ settings: redacted(config), version }, 'starting', 'control');
  for (const { name, message } of unknownVariables()) logger.warn({ setting: name }, message, 'control');
  // Before Nest, which logs whatever fails as a fault of the program, with a stack.
  if (needsDataFolder(config)) await ensureDataFolder(config.dataDirectory);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), {
    logger,
    bodyParser: false,
    abortOnError: false,
  }).catch(async (error: unknown) => {
    await Database.abandon(config);
    throw error;
  });
  useMiddleware(app, logger.pino);
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: invalidInput }));
  nameSchemas(adminApi);
  serveDocumentation(app);
  await listen(app, config);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: urlOf(config, port), port, close: () => app.close() };
}

/** Whether there is something to keep in it: the database, or a secret. */
function needsDataFolder({ databaseUrl, tokenSecret, relaySecrets }: Config): boolean {
  return databaseUrl === null || tokenSecret === null || relaySecrets === null;
}

async function listen(app: NestExpressApplication, config: Config): Promise<void> {
  const { httpPort, httpBind } = config;
  guardConnections(app, config);
  try {
    await app.listen(httpPort, httpBind);
  } catch (error) {
    await app.close();
    const settings = { port: 'LANRAGE_HTTP_PORT', address: 'LANRAGE_HTTP_BIND' };
    const fault = portFault(error, { protocol: 'TCP', port: httpPort, address: httpBind, settings });
    throw fault === null ? error : new StartError(fault);
  }
}

function guardConnections(app: NestExpressApplication, { trustedProxies }: Config): void {
  const server = Object.assign(app.getHttpServer(), timeouts, { requireHostHeader });
  const { addresses, turnedAway } = app.get(SocketGuard);
  // A proxy has few connections for many clients: then only WebSockets are counted, by the client's address.
  if (trustedProxies === 0) limitConnections(server, addresses, turnedAway);
  refuseOtherUpgrades(server, turnedAway);
}

function useMiddleware(app: NestExpressApplication, logger: Logger): void {
  app.disable('x-powered-by');
  app.disable('etag'); // answers are not cached, and the page's files have tags of their own
  app.use(turnAwayFloods(app.get(RequestLimits), app.get(Metrics)));
  app.use(refuseWithoutHost(app.get(Metrics)));
  app.use(observeRequests(logger, app.get(Metrics)));
  // Over plain http, as on a LAN, browsers must not be told to load the documentation's assets by https.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.useBodyParser('json', {
    limit: LARGEST_STATE_BODY,
    type: (request) => isJson(request) && isStateRequest(request),
  });
  app.useBodyParser('json', {
    limit: LARGEST_BODY,
    type: (request) => isJson(request) && !isStateRequest(request),
  });
  app.use(takeTurns(app.get(RequestLimits)));
}

function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}

function isStateRequest({ url }: IncomingMessage): boolean {
  return statePath.test(url ?? '');
}

function urlOf({ publicUrl, publicAddress, httpBind }: Config, port: number): string {
  if (publicUrl) return publicUrl.origin;
  const everywhere = httpBind === '0.0.0.0' || httpBind === '::';
  const host = everywhere ? (publicAddress ?? 'localhost') : httpBind;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
