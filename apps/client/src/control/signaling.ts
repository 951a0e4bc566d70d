import { EventEmitter } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket as TcpSocket } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import {
  acknowledgementSchema,
  AGENT_NAMESPACE,
  agentEventSchemas,
  type Acknowledgement,
  type AgentEventName,
  type AgentEvents,
  type AgentRequestName,
  type AgentRequests,
} from '#shared/api/signaling';
import { errorBodySchema } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import { remoteError } from '#shared/api/remote-error';
import { reconnectDelayMs } from './reconnection';

/** An event of the server, parsed. */
export type ServerEvent = {
  [Name in AgentEventName]: { readonly name: Name; readonly data: AgentEvents[Name] };
}[AgentEventName];

interface SignalingEvents {
  event: [ServerEvent];
  connected: [];
  /** With why, for the log. */
  disconnected: [string];
  /** A try to connect failed, or the server sent what cannot be understood. */
  fault: [LanrageError];
}

/** How the connection gets its tokens. */
export interface TokenSource {
  token(): Promise<string>;
  reject(token: string): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ACKNOWLEDGEMENT_TIMEOUT_MS = 5_000;
/** A router that forgot the connection lets nothing in before something goes out; half a minute may pass until then. */
const TCP_KEEPALIVE_MS = 5_000;

/** The agent's socket.io connection: comes back by itself, until closed or replaced. */
export class Signaling extends EventEmitter<SignalingEvents> {
  private readonly socket: Socket;
  private attempts = 0;
  private retryTimer: NodeJS.Timeout | undefined;
  private wanted = false;
  private token = '';

  constructor(
    server: URL,
    private readonly tokens: TokenSource,
  ) {
    super();
    this.socket = io(`${server.origin}${AGENT_NAMESPACE}`, {
      path: `${server.pathname.replace(/\/+$/, '')}/socket.io`,
      transports: ['websocket'],
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      timeout: CONNECT_TIMEOUT_MS,
      agent: agentWithKeepalive(server),
      auth: (send) => send({ token: this.token }),
    });
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('connect_error', (error) => this.onConnectError(error));
    this.socket.on('disconnect', (reason) => this.onDisconnect(reason));
    for (const name of Object.keys(agentEventSchemas) as AgentEventName[]) {
      this.socket.on(name, (data: unknown) => this.onEvent(name, data));
    }
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  /** Connects, and from now on reconnects; a connection that is being waited for is tried at once. */
  open(): void {
    const isDue = !this.wanted || this.retryTimer !== undefined;
    this.wanted = true;
    if (isDue) void this.dial();
  }

  /** Replaces a connection that is open but does not answer. */
  redial(): void {
    if (!this.wanted || !this.connected) return;
    this.socket.disconnect();
    void this.dial();
  }

  close(): void {
    this.wanted = false;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.socket.disconnect();
  }

  /** Sends a request. @throws LanrageError the server's, or CONTROL_UNAVAILABLE without an answer in that time */
  async request<Name extends AgentRequestName>(
    name: Name,
    data: AgentRequests[Name],
    timeoutMs = ACKNOWLEDGEMENT_TIMEOUT_MS,
  ) {
    if (!this.connected) throw new LanrageError('CONTROL_UNAVAILABLE');
    let raw: unknown;
    try {
      raw = await this.socket.timeout(timeoutMs).emitWithAck(name, data);
    } catch (cause) {
      throw new LanrageError('CONTROL_UNAVAILABLE', { cause });
    }
    return accepted(acknowledgementSchema.safeParse(raw).data);
  }

  private async dial(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    try {
      this.token = await this.tokens.token();
      if (this.wanted) this.socket.connect();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.retryAfter(error);
    }
  }

  private onConnect(): void {
    this.attempts = 0;
    this.emit('connected');
  }

  private onConnectError(error: Error & { data?: unknown }): void {
    const body = errorBodySchema.safeParse(error.data);
    const refusal = body.success
      ? remoteError(body.data.error)
      : new LanrageError('CONTROL_UNAVAILABLE', { cause: error });
    if (refusal.code === 'UNAUTHENTICATED') this.tokens.reject(this.token);
    this.retryAfter(refusal);
  }

  private onDisconnect(reason: string): void {
    if (reason === 'io client disconnect') return;
    this.emit('disconnected', reason);
    if (this.wanted) this.scheduleRetry(0);
  }

  private onEvent(name: AgentEventName, raw: unknown): void {
    if (name === 'session.replaced') this.wanted = false;
    const parsed = agentEventSchemas[name].safeParse(raw);
    if (parsed.success) {
      this.emit('event', { name, data: parsed.data } as ServerEvent);
    } else {
      this.emit('fault', new LanrageError('INVALID_REQUEST', { cause: parsed.error }));
    }
  }

  private retryAfter(error: LanrageError): void {
    this.emit('fault', error);
    if (this.wanted) this.scheduleRetry((error.retryAfterSeconds ?? 0) * 1_000);
  }

  private scheduleRetry(leastMs: number): void {
    const delayMs = Math.max(leastMs, reconnectDelayMs(this.attempts, Math.random()));
    this.attempts += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.dial(), delayMs);
  }
}

function agentWithKeepalive({ protocol }: URL): string {
  const agent = protocol === 'https:' ? new HttpsAgent() : new HttpAgent();
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args) as TcpSocket;
    return socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  };
  // As Node's own type of the option; the library declares what browsers have.
  return agent as unknown as string;
}

function accepted(acknowledgement: Acknowledgement | undefined) {
  if (acknowledgement?.ok) return acknowledgement;
  throw acknowledgement ? remoteError(acknowledgement.error) : new LanrageError('CONTROL_UNAVAILABLE');
}
