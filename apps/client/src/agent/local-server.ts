import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { errorBody } from '#shared/api/remote-error';
import { LanrageError, malformedRequest, type ErrorCode } from '#shared/errors';
import {
  DESCRIPTION_PATH,
  EVENTS_PATH,
  localApiSchemas,
  localPath,
  type LocalAnswers,
  type LocalOperation,
  type LocalRequest,
} from './local-api';
import { admitCall, type Door } from './local-guard';
import type { LocalStreams } from './local-stream';

/** One function for each operation. `gone` is aborted when the program that asked does not wait any more. */
export type LocalHandlers = {
  readonly [Operation in LocalOperation]: (
    request: LocalRequest<Operation>,
    gone: AbortSignal,
  ) => Promise<LocalAnswers[Operation]>;
};

/** The largest is a value of 64 kB to share, most of it escaped. */
const LARGEST_REQUEST_BYTES = 160 * 1024;
const operationsByPath = new Map(
  (Object.keys(localApiSchemas) as LocalOperation[]).map((operation) => [localPath(operation), operation]),
);
/** What is no refusal by the party or the server; all of those are 400, and the code says more. */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  WRONG_LOCAL_TOKEN: 401,
  FOREIGN_REQUEST: 403,
  NOT_FOUND: 404,
  REQUEST_TOO_LARGE: 413,
  INTERNAL: 500,
  TOO_MANY_LISTENERS: 503,
};

/** Answers requests, by whichever door they come. */
export class LocalApi {
  /** @param onFault told what the handlers did not foresee */
  constructor(
    private readonly handlers: LocalHandlers,
    readonly streams: LocalStreams,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** @param elsewhere answers what is no request to the API */
  listenerAt(door: Door, elsewhere: RequestListener = refuseUnknown): RequestListener {
    return (request, response) => {
      secure(response);
      if (!request.url?.startsWith('/v1/')) return elsewhere(request, response);
      this.answer(door, request, response).catch(this.onFault);
    };
  }

  private async answer(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      admitCall(door, request.headers);
      if (request.method === 'GET') await this.answerGet(request, response);
      else send(response, 200, await this.dispatch(request, response));
    } catch (error) {
      const refusal = error instanceof LanrageError ? error : new LanrageError('INTERNAL', { cause: error });
      sendRefusal(response, refusal);
      if (refusal !== error) throw error;
    }
  }

  private async answerGet({ url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const lastId = headers['last-event-id'];
    if (url === EVENTS_PATH) return this.streams.open(response, Array.isArray(lastId) ? undefined : lastId);
    if (url !== DESCRIPTION_PATH) throw new LanrageError('NOT_FOUND');
    send(response, 200, (await import('./local-openapi.js')).describeLocalApi());
  }

  private async dispatch(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const operation = operationsByPath.get(request.url ?? '');
    if (!operation || request.method !== 'POST') throw new LanrageError('NOT_FOUND');
    const parsed = localApiSchemas[operation].safeParse(await readJson(request));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw malformedRequest(issue?.path ?? [], issue?.message, parsed.error);
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const handler = this.handlers[operation] as (parsed: unknown, gone: AbortSignal) => Promise<unknown>;
    return handler(parsed.data, gone.signal);
  }
}

/** Nothing here is for another page, or for a cache. */
function secure(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Connection', 'close');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Content-Type-Options', 'nosniff');
}

function refuseUnknown(_request: IncomingMessage, response: ServerResponse): void {
  sendRefusal(response, new LanrageError('NOT_FOUND'));
}

export function sendRefusal(response: ServerResponse, error: LanrageError): void {
  send(response, statusByCode[error.code] ?? 400, errorBody(error));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LanrageError('INVALID_REQUEST', { message: 'The body of the request is not JSON.', cause });
  }
}

/** What is too much is read to its end and forgotten: a program that still writes would not see the answer. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LARGEST_REQUEST_BYTES) chunks.push(chunk);
  }
  if (bytes > LARGEST_REQUEST_BYTES) throw new LanrageError('REQUEST_TOO_LARGE');
  return Buffer.concat(chunks).toString('utf8');
}
