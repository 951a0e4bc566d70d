import { existsSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ErrorBody } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import { remoteError } from '#shared/api/remote-error';
import { homePaths, ROOT_HOME } from '../home';
import { defaultHome } from '../config';
import type { AgentEvent } from './agent-events';
import {
  EVENTS_PATH,
  localPath,
  type LocalAnswers,
  type LocalOperation,
  type LocalRequest,
} from './local-api';
import { socketPlace, type SocketPlace } from './socket-place';
import { EventReader } from './sse';

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
  const response = await ask(home, 'POST', localPath(operation), JSON.stringify(body));
  const answer = await read(response);
  if (response.statusCode === 200) return answer as LocalAnswers[Operation];
  throw remoteError((answer as ErrorBody).error);
}

/** Asks like {@link askAgent}. @returns undefined when no agent runs @throws LanrageError any other */
export async function askIfRunning<Operation extends LocalOperation>(
  home: string,
  operation: Operation,
  body: LocalRequest<Operation>,
): Promise<LocalAnswers[Operation] | undefined> {
  try {
    return await askAgent(home, operation, body);
  } catch (error) {
    if (error instanceof LanrageError && error.code === 'AGENT_NOT_RUNNING') return undefined;
    throw error;
  }
}

/**
 * What happens at the agent that runs in this state folder: first how things stand. Ends with the agent.
 * @throws LanrageError AGENT_NOT_RUNNING, PERMISSION_DENIED, TOO_MANY_LISTENERS
 */
export async function* followAgent(home: string): AsyncGenerator<AgentEvent, void> {
  const response = await ask(home, 'GET', EVENTS_PATH, '');
  if (response.statusCode !== 200) throw remoteError(((await read(response)) as ErrorBody).error);
  const reader = new EventReader();
  try {
    for await (const text of response.setEncoding('utf8') as AsyncIterable<string>)
      for (const { event, data } of reader.read(text))
        yield { event, data: JSON.parse(data) as unknown } as AgentEvent;
  } catch (error) {
    // An agent that was killed has ended, too.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
}

async function read(response: IncomingMessage): Promise<unknown> {
  const received = await text(response).catch((error: NodeJS.ErrnoException) => {
    throw explain(error);
  });
  return JSON.parse(received);
}

/** Asks the agent in this state folder; a player who has none asks that of root, who may have let the player in. */
async function ask(home: string, method: string, path: string, body: string): Promise<IncomingMessage> {
  try {
    return await send(homePaths(home).socket, method, path, body);
  } catch (error) {
    const ofRoot = homePaths(ROOT_HOME).socket;
    const isThere = error instanceof LanrageError && error.code !== 'AGENT_NOT_RUNNING';
    if (isThere || process.geteuid?.() === 0 || !isUsual(home) || !existsSync(ofRoot)) throw error;
    return send(ofRoot, method, path, body);
  }
}

/** Whether no setting names another folder. */
function isUsual(home: string): boolean {
  try {
    return home === defaultHome();
  } catch (error) {
    if (error instanceof LanrageError) return false;
    throw error;
  }
}

async function send(
  socketPath: string,
  method: string,
  path: string,
  body: string,
): Promise<IncomingMessage> {
  const place = placeOf(socketPath);
  try {
    return await new Promise((resolve, reject) => {
      request({ socketPath: place.path, path, method, timeout: ANSWER_LIMIT_MS }, resolve)
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
      message:
        "The agent here belongs to another user. Run this with sudo; or, if it is the machine's, join the group that may use it, and sign in again: sudo usermod -aG lanrage $USER",
      cause,
    });
  }
  if (process.geteuid?.() === 0 || !existsSync(ROOT_HOME))
    return new LanrageError('AGENT_NOT_RUNNING', { cause });
  return new LanrageError('AGENT_NOT_RUNNING', {
    message: 'No agent of yours is running. If root or another user started one, use sudo to reach it.',
    cause,
  });
}
