import { Pool } from 'undici';
import type { z } from 'zod';
import { errorBodySchema } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import { remoteError } from '#shared/api/remote-error';

export interface HttpRequest<Schema extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
  /** Parses the answer; absent when an answer has no body. */
  readonly answer: Schema;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 4_000;
const KEEP_ALIVE_MS = 60_000;
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The control plane's REST API over warm connections. Every failure is a LanrageError. */
export class ControlHttp {
  private readonly pool: Pool;
  private readonly basePath: string;

  /** @param server http(s) URL, with a path where the server is published under one */
  constructor(private readonly server: URL) {
    this.basePath = server.pathname.replace(/\/+$/, '');
    this.pool = new Pool(server.origin, {
      connections: 4,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      maxResponseSize: LARGEST_ANSWER_BYTES,
    });
  }

  /** @throws LanrageError the server's own, or CONTROL_UNAVAILABLE when it gave no usable answer */
  async request<Schema extends z.ZodType>(request: HttpRequest<Schema>): Promise<z.output<Schema>> {
    const { status, text } = await this.exchange(request);
    const body = parseJson(text);
    if (status >= 400) throw this.refusal(body);
    const answer = request.answer.safeParse(body);
    if (answer.success) return answer.data;
    throw new LanrageError('CONTROL_UNAVAILABLE', {
      message: `${this.server.href} answers in a way that this version does not understand. Check LANRAGE_SERVER, and update LANrage on both sides.`,
      cause: answer.error,
    });
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async exchange({ method, path, body, token, signal }: HttpRequest<z.ZodType>) {
    try {
      const response = await this.pool.request({
        method,
        path: this.basePath + path,
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: body ? JSON.stringify(body) : null,
        signal,
      });
      return { status: response.statusCode, text: await response.body.text() };
    } catch (cause) {
      throw new LanrageError('CONTROL_UNAVAILABLE', {
        message: `The LANrage server at ${this.server.href} does not answer. Check LANRAGE_SERVER and your connection, then try again.`,
        cause,
      });
    }
  }

  private refusal(body: unknown): LanrageError {
    const parsed = errorBodySchema.safeParse(body);
    if (parsed.success) return remoteError(parsed.data.error);
    return new LanrageError('CONTROL_UNAVAILABLE', {
      message: `${this.server.href} is not answering as a LANrage server. Check LANRAGE_SERVER, then try again.`,
    });
  }
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
