import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { Server, type Socket } from 'socket.io';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { publicKeyOf } from '#shared/auth/proof';

/** What the server does with a request; undefined: nothing, ever. */
export type Script = (
  request: IncomingMessage,
) => { status: number; body: unknown; type?: string; headers?: Record<string, string> } | undefined;

/** A control plane that can be told to misbehave. Signs everybody in; everything else is as scripted. */
export class ScriptedControl {
  /** `POST /v1/parties` and the like, in order of arrival. */
  readonly requests: string[] = [];
  /** What came with them, in order of its arrival. */
  readonly bodies: string[] = [];
  readonly tokens: string[] = [];
  readonly sockets: Socket[] = [];
  connections = 0;
  script: Script = () => ({ status: 404, body: {} });
  /** Instead of everything else, sign-in included. */
  override: Script | undefined;
  /** What it says to a request of the socket; undefined: nothing, ever. */
  acknowledge: (event: string) => object | undefined = () => undefined;
  tokenLifetimeMs = 3_600_000;
  /** How far the server's clock is ahead. */
  clockSkewMs = 0;

  private constructor(
    private readonly http: HttpServer,
    private readonly io: Server,
  ) {
    http.on('connection', () => (this.connections += 1));
    io.of(AGENT_NAMESPACE).on('connection', (socket) => {
      this.sockets.push(socket);
      socket.onAny((event: string, ...args: unknown[]) => {
        const answer = this.acknowledge(event);
        const acknowledge = args.at(-1);
        if (answer && typeof acknowledge === 'function') (acknowledge as (answer: object) => void)(answer);
      });
    });
  }

  static async start(): Promise<ScriptedControl> {
    const http = createServer();
    const control = new ScriptedControl(http, new Server(http));
    http.on('request', (request, response) => {
      if (request.url?.startsWith('/socket.io')) return;
      control.requests.push(`${request.method} ${request.url}`);
      const answer = control.answerTo(request);
      if (!answer) return;
      const { status, body, type = 'application/json', headers } = answer;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      void readText(request).then((sent) => {
        control.bodies.push(sent);
        response.writeHead(status, { 'content-type': type, ...headers }).end(text);
      });
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return control;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await this.io.close();
  }

  private answerTo(request: IncomingMessage): ReturnType<Script> {
    if (this.override) return this.override(request);
    const nowMs = Date.now() + this.clockSkewMs;
    if (request.url === '/v1/auth/challenge') {
      const body = {
        challengeId: randomBytes(8).toString('hex'),
        serverPublicKey: publicKeyOf(randomBytes(32)),
        nonce: randomBytes(32).toString('base64'),
        expiresAt: new Date(nowMs + 60_000).toISOString(),
      };
      return { status: 200, body };
    }
    if (request.url === '/v1/auth/token') {
      const token = randomBytes(8).toString('hex');
      this.tokens.push(token);
      const expiresAt = new Date(nowMs + this.tokenLifetimeMs).toISOString();
      return { status: 200, body: { token, peerId: '0'.repeat(16), expiresAt } };
    }
    return this.script(request);
  }
}
