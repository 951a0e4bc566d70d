import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { AppModule } from './app.module';
import { redacted, type Config } from './config';
import { invalidInput } from './operations/errors';
import { turnAwayFloods } from './operations/flood-gate';
import { StructuredLogger } from './operations/logging';
import { Metrics } from './operations/metrics';
import { serveDocumentation } from './operations/openapi';
import { observeRequests } from './operations/request-log';
import { StartError } from './operations/start-error';
import { version } from './operations/version';
import { RequestLimits } from './operations/request-limits';

const LARGEST_BODY = '16kb';
/** Of what members share: 64 kB, most of it escaped. */
const LARGEST_STATE_BODY = '160kb';
const statePath = /^\/v1\/parties\/[0-9a-f]{12}\/state$/;

/** Milliseconds. Whoever dawdles over a request loses the connection; idle ones outlast an agent's pauses. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 30_000 };

export interface ControlApp {
  /** Where it can be reached. */
  readonly url: string;
  readonly port: number;
  /** Answers what is under way, then closes connections and database. */
  close(): Promise<void>;
}

/** Starts the control plane; it listens when the promise settles. */
export async function startControl(config: Config): Promise<ControlApp> {
  const logger = new StructuredLogger(config.logLevel);
  logger.log({ settings: redacted(config), version }, 'starting', 'control');
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  useMiddleware(app, logger.pino);
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: invalidInput }));
  serveDocumentation(app);
  await listen(app, config);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: urlOf(config, port), port, close: () => app.close() };
}

async function listen(app: NestExpressApplication, { httpPort, httpBind }: Config): Promise<void> {
  Object.assign(app.getHttpServer(), timeouts);
  try {
    await app.listen(httpPort, httpBind);
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StartError(`Port ${httpPort} is in use. Stop what uses it, or set LANRAGE_HTTP_PORT.`);
  }
}

function useMiddleware(app: NestExpressApplication, logger: Logger): void {
  app.disable('x-powered-by');
  app.disable('etag'); // answers are not cached, and the page's files have tags of their own
  app.use(turnAwayFloods(app.get(RequestLimits), app.get(Metrics)));
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
