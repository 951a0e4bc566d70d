import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { parseEndpoint, splitEndpoint, type Endpoint } from '#shared/endpoint';
import { decodeBindingResponse, encodeBindingRequest, type BindingResponse } from '#shared/stun/binding';
import type { StunAttribute } from '#shared/stun/message';
import { ipv4Access } from '../network/ipv4/ipv4-access';

/** RFC 8489 section 6.2.1 in a hurry: a detection has 3 s for two rounds of questions. */
const sendTimesMs = [0, 200, 500, 1_000];
const GIVE_UP_MS = 1_500;
const transactionIdAt = { start: 8, end: 20 } as const;

export interface StunReply {
  readonly response: BindingResponse;
  readonly from: Endpoint;
  readonly roundTripMs: number;
}

/** `silent`: no answer although there was time for one; `aborted`: there was not. */
export type StunOutcome = StunReply | 'silent' | 'aborted';

type Receive = (datagram: Buffer, from: Endpoint) => void;

/** What is sent where, and what of that which the receiver then hears is the answer. */
interface Exchange<Result> {
  readonly to: Endpoint;
  readonly attributes: readonly StunAttribute[];
  readonly receiver: StunSocket;
  readonly read: (datagram: Buffer, from: Endpoint, sent: Transmission) => Result | undefined;
}

interface Transmission {
  /** 12 bytes. */
  readonly transactionId: Buffer;
  readonly atMs: number;
}

/**
 * A UDP socket with any number of STUN transactions at once, for IPv4 endpoints; where the network translates to IPv4, it is
 * an IPv6 one, and endpoints have their IPv4 addresses all the same.
 */
export class StunSocket {
  /** By transaction id, in hex. */
  private readonly expected = new Map<string, Receive>();
  private readonly abortions = new Set<() => void>();
  private isOpen = true;

  private constructor(
    private readonly socket: Socket,
    signal: AbortSignal,
  ) {
    socket.on('message', (datagram, source) => {
      const { start, end } = transactionIdAt;
      const from = endpointOf(source);
      if (from) this.expected.get(datagram.toString('hex', start, end))?.(datagram, from);
    });
    signal.addEventListener('abort', () => this.abort(), { once: true });
    if (signal.aborted) this.abort();
  }

  /** Binds the port, or another one when it is taken; 0: any. The signal ends all transactions. */
  static async open(port: number, signal: AbortSignal): Promise<StunSocket> {
    return new StunSocket(await bindSocket(port), signal);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /**
   * Asks a server, several times if need be. Without CHANGE-REQUEST only an answer from that endpoint counts.
   * @param attributes of the request
   */
  request(server: Endpoint, attributes: readonly StunAttribute[] = []): Promise<StunOutcome> {
    const read = (datagram: Buffer, from: Endpoint, { transactionId, atMs }: Transmission) => {
      const response = decodeBindingResponse(datagram, transactionId);
      if (!response || (attributes.length === 0 && from !== server)) return undefined;
      return { response, from, roundTripMs: performance.now() - atMs };
    };
    return this.transact({ to: server, attributes, receiver: this, read });
  }

  /** Whether what is sent to this endpoint reaches the other socket; `aborted`: there was no time to see. */
  async reaches(other: StunSocket, endpoint: Endpoint): Promise<boolean | 'aborted'> {
    const read = () => true as const;
    const outcome = await this.transact({ to: endpoint, attributes: [], receiver: other, read });
    return outcome === 'silent' ? false : outcome;
  }

  close(): void {
    this.abort();
    this.socket.close();
  }

  private abort(): void {
    this.isOpen = false;
    this.abortions.forEach((abortion) => abortion());
  }

  private transact<Result>(attempt: Exchange<Result>): Promise<Result | 'silent' | 'aborted'> {
    const { receiver } = attempt;
    if (!this.isOpen || !receiver.isOpen) return Promise.resolve('aborted');
    return new Promise((resolve) => {
      const transactionIds: string[] = [];
      const settle = (result: Result | 'silent' | 'aborted') => {
        timers.forEach(clearTimeout);
        this.abortions.delete(abort);
        transactionIds.forEach((id) => receiver.expected.delete(id));
        resolve(result);
      };
      const abort = () => settle('aborted');
      const transmit = () => transactionIds.push(this.transmit(attempt, settle));
      const timers = sendTimesMs.map((delayMs) => setTimeout(transmit, delayMs));
      timers.push(setTimeout(() => settle('silent'), GIVE_UP_MS));
      this.abortions.add(abort);
    });
  }

  /** Each transmission is a transaction of its own, so that the round trip is known exactly. Returns its id. */
  private transmit<Result>(
    { to, attributes, receiver, read }: Exchange<Result>,
    onResult: (result: Result) => void,
  ): string {
    const sent = { transactionId: randomBytes(12), atMs: performance.now() };
    const id = sent.transactionId.toString('hex');
    receiver.expected.set(id, (datagram, from) => {
      const result = read(datagram, from, sent);
      if (result !== undefined) onResult(result);
    });
    const { address, port } = splitEndpoint(ipv4Access.outward(to));
    // A server that cannot be reached from here is one that does not answer.
    this.socket.send(encodeBindingRequest(sent.transactionId, attributes), port, address, () => undefined);
    return id;
  }
}

/** Undefined for a sender without a port (RFC 768), or with an address that means something on one link alone: no server's. */
function endpointOf({ address, family, port }: RemoteInfo): Endpoint | undefined {
  const source = parseEndpoint(family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`);
  return source && ipv4Access.inward(source);
}

async function bindSocket(port: number): Promise<Socket> {
  const { kind } = await ipv4Access.look();
  const socket = createSocket(kind === 'nat64' ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('listening', () => resolve(true));
    // Stays in place: an ICMP error on an open socket must not end the process.
    socket.on('error', () => resolve(false));
    socket.bind(port);
  });
  if (bound) return socket;
  socket.close();
  if (port === 0) throw new Error('no UDP port can be bound');
  return bindSocket(0);
}
