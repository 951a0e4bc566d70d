import { checkServerIdentity } from 'node:tls';
import { buildConnector, Pool } from 'undici';
import type { z } from 'zod';
import { readAnswer } from '#shared/api/rest-answer';
import { LanrageError } from '#shared/errors';
import { ipv4Access } from '../network/ipv4/ipv4-access';
import { lookUp } from '../network/ipv4/look-up';
import { ATTEMPT_TIMEOUT_MS, hostOf, ServerAddresses } from './server-addresses';
import { explainAnswer, explainFailure } from './server-failure';

export interface HttpRequest<Schema extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
  /** Parses the answer; absent when an answer has no body. */
  readonly answer: Schema;
  readonly signal: AbortSignal;
  /** The longest answer that is read; a few megabytes when absent. */
  readonly mostBytes?: number;
}

const CONNECT_TIMEOUT_MS = 4_000;
const KEEP_ALIVE_MS = 60_000;
/** The shared state of a party, with every character escaped, is the largest answer but for the largest parties. */
const USUAL_ANSWER_BYTES = 4 * 1024 * 1024;
/** A party with a member for each address. */
export const LARGEST_PARTY_BYTES = 32 * 1024 * 1024;

/** The control plane's REST API over warm connections. Every failure is a LanrageError. */
export class ControlHttp {
  private readonly pool: Pool;
  private readonly basePath: string;

  /**
   * @param server http(s) URL, with a path where the server is published under one
   * @param addresses takes note of where the server is
   */
  constructor(
    private readonly server: URL,
    readonly addresses = new ServerAddresses(),
  ) {
    this.basePath = server.pathname.replace(/\/+$/, '');
    this.pool = new Pool(server.origin, {
      connections: 4,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: connectorOf(server, addresses),
      maxResponseSize: LARGEST_PARTY_BYTES,
    });
  }

  /** @throws LanrageError the server's own, or CONTROL_UNAVAILABLE when it gave no usable answer */
  async request<Schema extends z.ZodType>(request: HttpRequest<Schema>): Promise<z.output<Schema>> {
    const { status, isHtml, text } = await this.exchange(request);
    return readAnswer({ text, isSuccess: status < 300 && !isHtml }, request.answer, (fault) =>
      fault
        ? `${this.server.href} answers in a way that this version does not understand. Check LANRAGE_SERVER, and update LANrage on both sides.`
        : explainAnswer({ status, isHtml }, this.server),
    );
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async exchange({ method, path, body, token, signal, mostBytes }: HttpRequest<z.ZodType>) {
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
      return {
        status: response.statusCode,
        isHtml: /^text\/html/i.test(String(response.headers['content-type'])),
        text: await readText(response.body, mostBytes),
      };
    } catch (cause) {
      const message = explainFailure(cause, this.server, ipv4Access.way);
      throw new LanrageError('CONTROL_UNAVAILABLE', { message, cause });
    }
  }
}

function connectorOf(server: URL, addresses: ServerAddresses): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
    lookup: lookUp,
    // The certificate is for the address that was written down, also where a NAT64 has another one for it.
    checkServerIdentity: (_, certificate) => checkServerIdentity(hostOf(server), certificate),
  });
  return (options, callback) => {
    const onConnected: buildConnector.Callback = (...[error, socket]) => {
      if (error) return callback(error, null);
      addresses.track(socket);
      callback(null, socket);
    };
    ipv4Access
      .look()
      .then(() => connect({ ...options, hostname: ipv4Access.outwardAddress(options.hostname) }, onConnected))
      .catch((error: Error) => callback(error, null));
  };
}

/** @throws Error for more than that */
async function readText(body: AsyncIterable<Buffer>, mostBytes = USUAL_ANSWER_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) throw new RangeError(`an answer of more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
