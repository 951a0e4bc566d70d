import { EventEmitter } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket as TcpSocket } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
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
import { TokenBucket } from '#shared/token-bucket';
import { ipv4Access } from '../network/ipv4/ipv4-access';
import { lookUp } from '../network/ipv4/look-up';
import { LARGEST_PARTY_BYTES } from './http';
import { CONNECT_TIMEOUT_MS, reconnectDelayMs } from './reconnection';
import { ATTEMPT_TIMEOUT_MS, hostOf, type ServerAddresses } from './server-addresses';
import { explainFailure } from './server-failure';

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

/**
 * What a server may say, over all its connections. The control plane bounds what a party gets; a large party that everybody
 * enters at once, or a restart, is the most that happens, and stays below.
 */
const BUDGETS = {
  packets: { perSecond: 500, burst: 10_000 },
  bytes: { perSecond: 4 * 1024 * 1024, burst: 2 * LARGEST_PARTY_BYTES },
} as const;
/** How long a server that said more is left alone. */
const SILENCE_SECONDS = 60;
/** Options of the WebSocket, which the library passes on without declaring them. */
const webSocketLimits: object = { maxPayload: LARGEST_PARTY_BYTES, perMessageDeflate: false };

const ACKNOWLEDGEMENT_TIMEOUT_MS = 5_000;
/** A router that forgot the connection lets nothing in before something goes out; half a minute may pass until then. */
const TCP_KEEPALIVE_MS = 5_000;

/** @see onConnectError */
interface ConnectError extends Error {
  /** From the server. */
  readonly data?: unknown;
  /** From the WebSocket. */
  readonly description?: { readonly error?: unknown };
}

/** The agent's socket.io connection: comes back by itself, until closed or replaced. */
export class Signaling extends EventEmitter<SignalingEvents> {
  private readonly socket: Socket;
  private attempts = 0;
  private retryTimer: NodeJS.Timeout | undefined;
  private wanted = false;
  private token = '';
  private tcp: TcpSocket | undefined;
  private readonly packets = new TokenBucket(BUDGETS.packets, performance.now());
  private readonly bytes = new TokenBucket(BUDGETS.bytes, performance.now());

  constructor(
    private readonly server: URL,
    private readonly tokens: TokenSource,
    addresses: ServerAddresses,
  ) {
    super();
    this.socket = io(`${server.origin}${AGENT_NAMESPACE}`, {
      path: `${server.pathname.replace(/\/+$/, '')}/socket.io`,
      transports: ['websocket'],
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      timeout: CONNECT_TIMEOUT_MS,
      agent: agentFor(server, (socket) => {
        this.tcp = socket;
        addresses.track(socket);
      }),
      ...webSocketLimits,
      auth: (send) => send({ token: this.token }),
    });
    // Below socket.io, so that nothing that arrives goes uncounted.
    this.socket.io.on('open', () => {
      this.socket.io.engine.on('packet', ({ data = '' }: { data?: string | Buffer }) =>
        this.count(data.length),
      );
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
      await ipv4Access.look();
      if (this.wanted) this.socket.connect();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.retryAfter(error);
    }
  }

  private count(bytes: number): void {
    if (this.tcp?.destroyed) return;
    const nowMs = performance.now();
    if (this.packets.take(1, nowMs) && this.bytes.take(bytes, nowMs)) return;
    this.socket.disconnect();
    // Without this a server that does not close its side could go on for half a minute.
    this.tcp?.destroy();
    this.emit('disconnected', 'the server says too much');
    this.retryAfter(
      new LanrageError('SERVER_MISBEHAVES', {
        message: `The server sends more than any party causes. The agent leaves it alone for ${SILENCE_SECONDS} s.`,
        retryAfterSeconds: SILENCE_SECONDS,
      }),
    );
  }

  private onConnect(): void {
    this.attempts = 0;
    this.emit('connected');
  }

  private onConnectError(error: ConnectError): void {
    const body = errorBodySchema.safeParse(error.data);
    const refusal = body.success
      ? remoteError(body.data.error)
      : new LanrageError('CONTROL_UNAVAILABLE', {
          message: explainFailure(error.description?.error ?? error, this.server, ipv4Access.way),
          cause: error,
        });
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
      this.emit('fault', new LanrageError('SERVER_MISBEHAVES', { cause: parsed.error }));
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

/** Keeps connections alive. @param onSocket is told of each */
function agentFor(server: URL, onSocket: (socket: TcpSocket) => void): string {
  const options = { autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS, lookup: lookUp };
  const agent = server.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (target, ...args) => {
    const host = ipv4Access.outwardAddress(hostOf(server));
    const socket = connect({ ...target, host, ...certifiedFor(server) }, ...args) as TcpSocket;
    onSocket(socket);
    return socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  };
  // As Node's own type of the option; the library declares what browsers have.
  return agent as unknown as string;
}

/** The certificate is for the address that was written down, also where a NAT64 has another one for it. */
function certifiedFor(server: URL): object {
  return {
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      checkServerIdentity(hostOf(server), certificate),
  };
}

function accepted(acknowledgement: Acknowledgement | undefined) {
  if (acknowledgement?.ok) return acknowledgement;
  throw acknowledgement ? remoteError(acknowledgement.error) : new LanrageError('CONTROL_UNAVAILABLE');
}
