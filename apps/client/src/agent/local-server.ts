import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ErrorBody } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import { homeFailure, inHome } from '../home-failure';
import {
  EVENTS_PATH,
  localApiSchemas,
  localPath,
  type LocalAnswers,
  type LocalOperation,
  type LocalRequest,
} from './local-api';
import { LocalStreams, type Follow } from './local-stream';
import { socketPlace } from './socket-place';

/** One function for each operation. */
export type LocalHandlers = {
  readonly [Operation in LocalOperation]: (
    request: LocalRequest<Operation>,
  ) => Promise<LocalAnswers[Operation]>;
};

/** Takes no more requests from now on, and lets go of those who listen when everything is over. */
export type CloseLocalApi = (over: Promise<unknown>) => Promise<void>;

/** The largest is a value of 64 kB to share, most of it escaped. */
const LARGEST_REQUEST_BYTES = 160 * 1024;
const operationsByPath = new Map(
  (Object.keys(localApiSchemas) as LocalOperation[]).map((operation) => [localPath(operation), operation]),
);

/**
 * Serves the local API. The caller holds the lock, so that a socket which is there already is a dead agent's.
 * @param follow begins to tell a listener what happens
 * @param onFault told what the handlers did not foresee
 * @returns how to close it
 * @throws LanrageError when the state folder takes no socket, as {@link inHome}
 */
export async function serveLocalApi(
  socketPath: string,
  handlers: LocalHandlers,
  follow: Follow,
  onFault: (error: unknown) => void,
): Promise<CloseLocalApi> {
  const streams = new LocalStreams(follow);
  const server = createServer((request, response) => {
    answer(handlers, streams, request, response).catch(onFault);
  });
  inHome(socketPath, () => rmSync(socketPath, { force: true }));
  const place = socketPlace(socketPath);
  // For the owner alone, from the first moment on.
  const umask = process.umask(0o177);
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(homeFailure(socketPath, error))).listen(place.path, resolve);
  });
  process.umask(umask);
  try {
    await listening;
  } catch (error) {
    place.release();
    throw error;
  }
  return (over) =>
    new Promise((resolve) => {
      // Closing removes the socket, by the path that it was opened at.
      server.close(() => {
        place.release();
        resolve();
      });
      server.closeIdleConnections();
      const endStreams = () => streams.close();
      over.then(endStreams, endStreams);
    });
}

async function answer(
  handlers: LocalHandlers,
  streams: LocalStreams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, body: unknown) =>
    response
      .writeHead(status, { 'content-type': 'application/json', connection: 'close' })
      .end(JSON.stringify(body));
  try {
    if (request.url === EVENTS_PATH && request.method === 'POST') streams.open(response);
    else send(200, await dispatch(handlers, request));
  } catch (error) {
    const refusal = error instanceof LanrageError ? error : new LanrageError('INTERNAL', { cause: error });
    send(400, errorBody(refusal));
    if (refusal !== error) throw error;
  }
}

async function dispatch(handlers: LocalHandlers, request: IncomingMessage): Promise<unknown> {
  const operation = operationsByPath.get(request.url ?? '');
  if (!operation || request.method !== 'POST') throw new LanrageError('NOT_FOUND');
  const parsed = localApiSchemas[operation].safeParse(await readJson(request));
  if (!parsed.success) throw new LanrageError('INVALID_REQUEST', { cause: parsed.error });
  const handler = handlers[operation] as (parsed: unknown) => Promise<unknown>;
  return handler(parsed.data);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_REQUEST_BYTES) throw new LanrageError('REQUEST_TOO_LARGE');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new LanrageError('INVALID_REQUEST', { cause });
  }
}

function errorBody({ code, message, retryable, retryAfterSeconds }: LanrageError): ErrorBody {
  return {
    error: { code, message, retryable, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
  };
}
