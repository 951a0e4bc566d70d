/** Where an agent can be asked: what listens, with its limits. */
import { rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { homeFailure, inHome } from '../home-failure';
import { socketPlace } from './socket-place';

/** Something that listens. */
export interface OpenDoor {
  readonly server: Server;
  /** Takes no more connections; resolves when none is left. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 64;
const LARGEST_HEADER_BYTES = 8 * 1024;
/** The time for the headers, and for a whole request: a client that begins one and does not end it is let go. */
const HEADER_LIMIT_MS = 5_000;
const REQUEST_LIMIT_MS = 10_000;
const CHECK_INTERVAL_MS = 1_000;
/** When everything is over: for the last answers to go out. */
const FAREWELL_MS = 500;

export function limitedServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: LARGEST_HEADER_BYTES,
      headersTimeout: HEADER_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    listener,
  );
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/**
 * Listens at a path. The caller holds the lock of the state folder, so that a socket which is there already is a dead agent's.
 * @throws LanrageError when the folder takes no socket, as {@link inHome}
 */
export async function openSocket(path: string, listener: RequestListener): Promise<OpenDoor> {
  const server = limitedServer(listener);
  inHome(path, () => rmSync(path, { force: true }));
  const place = socketPlace(path);
  // For the owner alone, from the first moment on.
  const umask = process.umask(0o177);
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(homeFailure(path, error))).listen(place.path, resolve);
  });
  process.umask(umask);
  try {
    await listening;
  } catch (error) {
    server.close();
    place.release();
    throw error;
  }
  // Closing removes the socket, by the path that it was opened at.
  return { server, close: () => closed(server).finally(() => place.release()) };
}

/** Resolves when nobody is connected any more. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Nobody who just stays keeps the agent from ending. */
export function dismiss({ server }: OpenDoor): void {
  setTimeout(() => server.closeAllConnections(), FAREWELL_MS).unref();
}
