import { existsSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ErrorBody } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import { remoteError } from '#shared/api/remote-error';
import { homePaths, ROOT_HOME } from '../home';
import { localPath, type LocalAnswers, type LocalOperation, type LocalRequest } from './local-api';
import { socketPlace, type SocketPlace } from './socket-place';

const ANSWER_LIMIT_MS = 30_000;

/**
 * Asks the agent that runs in this state folder.
 * @returns its answer, trusted: both ends are the same program
 * @throws LanrageError AGENT_NOT_RUNNING, PERMISSION_DENIED, or what the agent refused with
 */
export async function askAgent<Operation extends LocalOperation>(
  home: string,
  operation: Operation,
  body: LocalRequest<Operation>,
): Promise<LocalAnswers[Operation]> {
  const response = await post(homePaths(home).socket, localPath(operation), JSON.stringify(body));
  const received = await text(response).catch((error: NodeJS.ErrnoException) => {
    throw explain(error);
  });
  const answer = JSON.parse(received) as unknown;
  if (response.statusCode === 200) return answer as LocalAnswers[Operation];
  throw remoteError((answer as ErrorBody).error);
}

async function post(socketPath: string, path: string, body: string): Promise<IncomingMessage> {
  const place = placeOf(socketPath);
  try {
    return await new Promise((resolve, reject) => {
      request({ socketPath: place.path, path, method: 'POST', timeout: ANSWER_LIMIT_MS }, resolve)
        .on('timeout', () =>
          reject(new LanrageError('AGENT_NOT_RUNNING', { message: 'The agent does not answer.' })),
        )
        .on('error', (error) => reject(explain(error)))
        .end(body);
    });
  } finally {
    place.release();
  }
}

/** Without a state folder there is no agent either. */
function placeOf(socketPath: string): SocketPlace {
  try {
    return socketPlace(socketPath);
  } catch (error) {
    if (error instanceof LanrageError && error.code === 'HOME_UNUSABLE') throw explain(error.cause as Error);
    throw error;
  }
}

function explain(cause: NodeJS.ErrnoException): LanrageError {
  if (cause.code === 'EACCES') {
    return new LanrageError('PERMISSION_DENIED', {
      message: 'The agent of this LANRAGE_HOME belongs to another user. Run this with sudo.',
      cause,
    });
  }
  if (process.geteuid?.() === 0 || !existsSync(ROOT_HOME))
    return new LanrageError('AGENT_NOT_RUNNING', { cause });
  return new LanrageError('AGENT_NOT_RUNNING', {
    message: 'No agent of yours is running. One that was started with sudo is asked with sudo, too.',
    cause,
  });
}
