import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { loadSystem } from '#runtime/native/system';
import type { Endpoint } from '#shared/endpoint';
import { parseVirtualIp, type VirtualIp, type VirtualNetwork } from '#shared/party/virtual-ip';
import { TokenBucket } from '#shared/token-bucket';
import {
  decodeTunnelMessage,
  encodeGoodbye,
  encodePlain,
  encodePortQuestion,
  encodePortReply,
  encodeSizeProbe,
  TUNNEL_PORT,
  type Goodbye,
} from './tunnel-message';
import type { PortAnswer } from './ports/port-report';
import { openWhole } from './whole-datagrams';

/** What a peer's agent says, at this virtual IP. */
export interface TunnelEvents {
  /** It says goodbye; its proof is still to be checked. */
  goodbye: [virtualIp: VirtualIp, goodbye: Goodbye];
  /** It has sent to this agent's candidates. */
  peerSent: [virtualIp: VirtualIp];
  /** It checks a way to this agent. */
  peerChecked: [virtualIp: VirtualIp, nonce: Buffer];
  /** It heard the check that was sent to this endpoint; its word is back after so long. */
  peerHeard: [virtualIp: VirtualIp, endpoint: Endpoint, roundTripMs: number];
  /** It asks about a port of this machine. */
  portAsked: [virtualIp: VirtualIp, nonce: Buffer, port: number];
  /** It got the probe of this size. */
  sizeAnswered: [virtualIp: VirtualIp, answer: SizeAnswer];
  /** Its path to this agent has changed, so that it probes sizes. */
  peerMoved: [virtualIp: VirtualIp];
}

/** Times by `performance.now()`. */
export interface SizeAnswer {
  readonly bytes: number;
  readonly sentAtMs: number;
  readonly roundTripMs: number;
}

const NONCE_BYTES = 8;
/** Limit for what one member's agent says; a search for a direct path says the most, and less than this. */
const MESSAGES = { perSecond: 50, burst: 100 } as const;
/** An attempt sends 49 checks in 3 s; later words are worth nothing. */
const MOST_CHECKS = 256;
/** A round of probes has six at most, for each of up to 255 peers. */
const MOST_SIZE_PROBES = 2_048;
/** Beyond this number all budgets begin afresh: a packet from the local network can claim any address. */
const MOST_BUDGETS = 1_024;

/** The agent's own UDP service on its virtual IP: echoes, goodbyes, and when to open the NAT. */
export class TunnelService extends EventEmitter<TunnelEvents> {
  private readonly budgets = new Map<VirtualIp, TokenBucket>();
  private readonly waiting = new Map<string, (receivedAtMs: number) => void>();
  private readonly questions = new Map<string, (answer: PortAnswer) => void>();
  /** Those that were not heard yet, the oldest first. */
  private readonly checks = new Map<string, { readonly endpoint: Endpoint; readonly sentAtMs: number }>();
  /** Those that were not answered yet, the oldest first. */
  private readonly sizeProbes = new Map<string, { readonly bytes: number; readonly sentAtMs: number }>();
  /** Whether datagrams leave in one piece, whatever MTU a route has; undefined before that was wanted. */
  private whole: Promise<boolean> | undefined;
  private isClosed = false;

  private constructor(
    private socket: Socket,
    private readonly ownIp: VirtualIp,
    private readonly network: VirtualNetwork,
  ) {
    super();
    this.listen(socket);
  }

  /** Starts the service, on this virtual IP of the party's network only. Rejects when the address is not there. */
  static async open(virtualIp: VirtualIp, network: VirtualNetwork): Promise<TunnelService> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('listening', resolve);
      socket.bind(TUNNEL_PORT, virtualIp);
    });
    socket.removeAllListeners();
    return new TunnelService(socket, virtualIp, network);
  }

  /** Has datagrams leave in one piece from now on, whatever MTU a route has. @returns whether that is so */
  sendWhole(): Promise<boolean> {
    return (this.whole ??= this.becomeWhole());
  }

  /** The round trip to a peer's agent in milliseconds; null without an answer in time. */
  echo(virtualIp: VirtualIp, timeoutMs: number): Promise<number | null> {
    const nonce = randomBytes(NONCE_BYTES);
    const key = keyOf(virtualIp, nonce);
    return new Promise((resolve) => {
      const settle = (latencyMs: number | null) => {
        clearTimeout(timer);
        this.waiting.delete(key);
        resolve(latencyMs);
      };
      const sentAtMs = performance.now();
      const timer = setTimeout(() => settle(null), timeoutMs);
      this.waiting.set(key, (receivedAtMs) => settle(receivedAtMs - sentAtMs));
      this.send(encodePlain('echo_request', nonce), virtualIp);
    });
  }

  /** Lost like any datagram; the peer then begins by itself, a little later. */
  saySent(virtualIp: VirtualIp): void {
    this.send(encodePlain('sent', randomBytes(NONCE_BYTES)), virtualIp);
  }

  /** Sends a check, to wherever WireGuard sends just now. @param endpoint where that is */
  check(virtualIp: VirtualIp, endpoint: Endpoint): void {
    const nonce = randomBytes(NONCE_BYTES);
    remember(this.checks, keyOf(virtualIp, nonce), { endpoint, sentAtMs: performance.now() }, MOST_CHECKS);
    this.send(encodePlain('check', nonce), virtualIp);
  }

  /**
   * Sends a probe of each size.
   * @param sizes of IPv4 packets, in bytes
   * @param isNew whether the path to the peer has just changed
   */
  probeSizes(virtualIp: VirtualIp, sizes: readonly number[], isNew: boolean): void {
    for (const bytes of sizes) {
      const nonce = randomBytes(NONCE_BYTES);
      remember(
        this.sizeProbes,
        keyOf(virtualIp, nonce),
        { bytes, sentAtMs: performance.now() },
        MOST_SIZE_PROBES,
      );
      this.send(encodeSizeProbe(nonce, bytes, isNew), virtualIp);
    }
  }

  /** @param nonce of the check that was heard */
  sayHeard(virtualIp: VirtualIp, nonce: Buffer): void {
    this.send(encodePlain('heard', nonce), virtualIp);
  }

  /**
   * @param secret X25519 of the own private and the peer's public key
   * @param leaveTicket for the peer to hand on; null: none
   */
  sayGoodbye(virtualIp: VirtualIp, secret: Buffer, leaveTicket: Buffer | null): void {
    // First, as the peer hears nothing more after a goodbye. Agents from before there were tickets know the other one alone.
    if (leaveTicket) this.send(encodeGoodbye(secret, randomBytes(NONCE_BYTES), leaveTicket), virtualIp);
    this.send(encodeGoodbye(secret, randomBytes(NONCE_BYTES), null), virtualIp);
  }

  /** What a peer's agent says of a port of its machine; null without an answer in time. */
  askPort(virtualIp: VirtualIp, port: number, timeoutMs: number): Promise<PortAnswer | null> {
    const nonce = randomBytes(NONCE_BYTES);
    const key = `${keyOf(virtualIp, nonce)} ${port}`;
    return new Promise((resolve) => {
      const settle = (answer: PortAnswer | null) => {
        clearTimeout(timer);
        this.questions.delete(key);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(null), timeoutMs);
      this.questions.set(key, settle);
      this.send(encodePortQuestion(nonce, port), virtualIp);
    });
  }

  /** @param nonce of the question */
  answerPort(virtualIp: VirtualIp, nonce: Buffer, port: number, answer: PortAnswer): void {
    this.send(encodePortReply(nonce, port, answer), virtualIp);
  }

  close(): void {
    this.isClosed = true;
    this.socket.close();
  }

  private listen(socket: Socket): void {
    socket.on('message', (datagram, source) => this.onDatagram(datagram, source));
    // ICMP errors about peers that are away; their silence is what counts.
    socket.on('error', () => undefined);
  }

  /** The port is free for a moment in between; what comes then is lost like any datagram. */
  private async becomeWhole(): Promise<boolean> {
    const system = await loadSystem();
    if (typeof system === 'string' || this.isClosed) return false;
    this.socket.close();
    const whole = openWhole(system, this.ownIp, TUNNEL_PORT);
    this.socket = whole ?? createSocket('udp4').bind(TUNNEL_PORT, this.ownIp);
    this.listen(this.socket);
    return whole !== null;
  }

  private onDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    // Agents speak from the port that they listen on; another program gets no answer.
    const message = port === TUNNEL_PORT ? decodeTunnelMessage(datagram) : undefined;
    const virtualIp = parseVirtualIp(address, this.network);
    if (!message || !virtualIp) return;
    if (message.type === 'echo_reply') {
      this.waiting.get(keyOf(virtualIp, message.nonce))?.(performance.now());
      return;
    }
    if (message.type === 'heard') return this.onHeard(virtualIp, message.nonce);
    if (message.type === 'port_answer') {
      this.questions.get(`${keyOf(virtualIp, message.nonce)} ${message.port}`)?.(message.answer);
      return;
    }
    if (message.type === 'size_reply') return this.onSizeReply(virtualIp, message.nonce);
    if (!this.isWithinBudget(virtualIp)) return;
    switch (message.type) {
      case 'echo_request':
        return this.send(encodePlain('echo_reply', message.nonce), virtualIp);
      case 'port_question':
        this.emit('portAsked', virtualIp, message.nonce, message.port);
        return;
      case 'size_probe':
        this.send(encodePlain('size_reply', message.nonce), virtualIp);
        if (message.isNew) this.emit('peerMoved', virtualIp);
        return;
      case 'sent':
        this.emit('peerSent', virtualIp);
        return;
      case 'check':
        this.emit('peerChecked', virtualIp, message.nonce);
        return;
      case 'goodbye':
        this.emit('goodbye', virtualIp, message);
    }
  }

  private onHeard(virtualIp: VirtualIp, nonce: Buffer): void {
    const key = keyOf(virtualIp, nonce);
    const check = this.checks.get(key);
    if (!check) return;
    this.checks.delete(key);
    this.emit('peerHeard', virtualIp, check.endpoint, performance.now() - check.sentAtMs);
  }

  private onSizeReply(virtualIp: VirtualIp, nonce: Buffer): void {
    const key = keyOf(virtualIp, nonce);
    const probe = this.sizeProbes.get(key);
    if (!probe) return;
    this.sizeProbes.delete(key);
    this.emit('sizeAnswered', virtualIp, { ...probe, roundTripMs: performance.now() - probe.sentAtMs });
  }

  private isWithinBudget(virtualIp: VirtualIp): boolean {
    const nowMs = performance.now();
    if (this.budgets.size >= MOST_BUDGETS) this.budgets.clear();
    const budget = this.budgets.get(virtualIp) ?? new TokenBucket(MESSAGES, nowMs);
    this.budgets.set(virtualIp, budget);
    return budget.take(1, nowMs);
  }

  private send(datagram: Buffer, virtualIp: VirtualIp): void {
    this.socket.send(datagram, TUNNEL_PORT, virtualIp, () => undefined);
  }
}

function keyOf(virtualIp: VirtualIp, nonce: Buffer): string {
  return `${virtualIp} ${nonce.toString('hex')}`;
}

/** The oldest goes when there are too many. */
function remember<Value>(sent: Map<string, Value>, key: string, value: Value, most: number): void {
  const [oldest] = sent.keys();
  if (oldest !== undefined && sent.size >= most) sent.delete(oldest);
  sent.set(key, value);
}
