import type { RemoteInfo, Socket } from 'node:dgram';
import { formatEndpoint, type Endpoint, type SocketAddress } from '#shared/endpoint';
import { bindUdp, closeUdp } from '../udp/bind';
import { defaultStunRates, type StunLimit, StunLimits, type StunRates } from './limits';
import { respond, type StunService } from './responder';

/** An address of the service. */
export interface StunAddress {
  /** Local IP address of the sockets. */
  readonly bind: string;
  /** The IP address that clients send to; another one behind a NAT that keeps ports. */
  readonly public: string;
}

export interface StunServerOptions {
  /** Two let clients discover mapping and filtering, one only parts of it; of one family, and no wildcards if two. */
  readonly addresses: readonly [StunAddress, StunAddress?];
  /** Both ports are served on every address; 0: any. */
  readonly port: number;
  readonly alternatePort: number;
  readonly rates?: StunRates;
}

/** What was asked and how it went. */
export interface StunStats {
  answers: number;
  /** Not a sound binding request. */
  ignored: number;
  /** Beyond the rate of one source, or of the whole service. */
  readonly limited: Record<StunLimit, number>;
}

/** Answers binding requests on two ports of one or two addresses. */
export class StunServer {
  readonly stats: StunStats = { answers: 0, ignored: 0, limited: { source: 0, service: 0 } };
  readonly #limits: StunLimits;
  readonly #service: StunService;
  /** By the endpoint that clients send to. */
  readonly #sockets = new Map<Endpoint, Socket>();

  private constructor(
    bound: readonly BoundSocket[],
    service: StunService,
    rates: StunRates,
    onError: (error: Error) => void,
  ) {
    this.#service = service;
    this.#limits = new StunLimits(rates, performance.now());
    for (const { socket, endpoint } of bound) {
      this.#sockets.set(formatEndpoint(endpoint), socket);
      socket.on('message', (datagram, source) => this.#receive(datagram, source, endpoint));
      socket.on('error', onError);
    }
  }

  /**
   * `onError` hears of errors of the open sockets, which stay open.
   * @throws PortUnavailableError when an endpoint is taken, privileged, or not of this machine.
   */
  static async open(options: StunServerOptions, onError: (error: Error) => void): Promise<StunServer> {
    const bound: BoundSocket[] = [];
    try {
      const ports = [
        await bindOnAll(options.addresses, options.port, bound),
        await bindOnAll(options.addresses, options.alternatePort, bound),
      ] as const;
      const addresses = options.addresses.flatMap((address) => address?.public ?? []);
      return new StunServer(bound, { addresses, ports }, options.rates ?? defaultStunRates, onError);
    } catch (error) {
      await Promise.all(bound.map(({ socket }) => closeUdp(socket)));
      throw error;
    }
  }

  /** Where clients can ask, the first address and port first. */
  get endpoints(): Endpoint[] {
    return [...this.#sockets.keys()];
  }

  get ports(): readonly number[] {
    return this.#service.ports;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#sockets.values(), closeUdp));
  }

  #receive(datagram: Buffer, source: RemoteInfo, asked: SocketAddress): void {
    const exceeded = this.#limits.exceededBy(source.address, performance.now());
    if (exceeded) {
      this.stats.limited[exceeded]++;
      return;
    }
    const answer = respond(datagram, source, asked, this.#service);
    const socket = answer && this.#sockets.get(formatEndpoint(answer.from));
    if (!socket) {
      this.stats.ignored++;
      return;
    }
    this.stats.answers++;
    socket.send(answer.datagram, answer.to.port, answer.to.address);
  }
}

interface BoundSocket {
  readonly socket: Socket;
  readonly endpoint: SocketAddress;
}

/** Binds the same port of every address; resolves to it. */
async function bindOnAll(
  addresses: StunServerOptions['addresses'],
  port: number,
  bound: BoundSocket[],
): Promise<number> {
  let chosen = port;
  for (const address of addresses) {
    if (!address) continue;
    const socket = await bindUdp(address.bind, chosen);
    chosen = socket.address().port;
    bound.push({ socket, endpoint: { address: address.public, port: chosen } });
  }
  return chosen;
}
