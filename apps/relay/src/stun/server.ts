import { formatEndpoint, type Endpoint, type SocketAddress } from '#shared/endpoint';
import type { PlayerAddress } from '../core/verdict';
import { openDgramPort } from '../udp/dgram-port';
import type { OpenUdpPort, UdpListener, UdpPort } from '../udp/udp-port';
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
  /** How sockets are opened; by node:dgram unless told. */
  readonly openUdp?: OpenUdpPort;
  readonly rates?: StunRates;
}

/** Looks for requests whose transaction id begins like this, see {@link StunServer.watch}. */
interface Watch {
  readonly prefix: Buffer;
  readonly onSeen: (transactionId: Buffer) => void;
}

/** RFC 8489 section 5: the header of a message, and where its transaction id is in it. */
const headerBytes = 20;
const transactionIdAt = 8;

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
  readonly #onError: (error: Error) => void;
  /** Missing until all sockets are open. */
  #service: StunService | undefined;
  /** By the endpoint that clients send to. */
  readonly #sockets = new Map<Endpoint, UdpPort>();
  #watch: Watch | undefined;

  private constructor(rates: StunRates, onError: (error: Error) => void) {
    this.#limits = new StunLimits(rates, performance.now());
    this.#onError = onError;
  }

  /**
   * `onError` hears of errors of the open sockets, which stay open.
   * @throws PortUnavailableError when an endpoint is taken, privileged, or not of this machine.
   */
  static async open(options: StunServerOptions, onError: (error: Error) => void): Promise<StunServer> {
    const server = new StunServer(options.rates ?? defaultStunRates, onError);
    try {
      const ports = [
        await server.#bindOnAll(options, options.port),
        await server.#bindOnAll(options, options.alternatePort),
      ] as const;
      server.#service = { addresses: options.addresses.flatMap((address) => address?.public ?? []), ports };
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Where clients can ask, the first address and port first. */
  get endpoints(): Endpoint[] {
    return [...this.#sockets.keys()];
  }

  get ports(): readonly number[] {
    return this.#service?.ports ?? [];
  }

  /**
   * From now on `onSeen` hears of requests whose transaction id begins with the prefix, until the next call. Nothing is taken
   * from the requests: they are answered like all others.
   *
   * @param prefix undefined: of none any more
   */
  watch(prefix: Buffer | undefined, onSeen: Watch['onSeen'] = () => undefined): void {
    this.#watch = prefix && { prefix, onSeen };
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#sockets.values(), (socket) => socket.close()));
  }

  /** Binds the same port of every address; resolves to it. */
  async #bindOnAll({ addresses, openUdp = openDgramPort }: StunServerOptions, port: number): Promise<number> {
    let chosen = port;
    for (const address of addresses) {
      if (!address) continue;
      const endpoint = { address: address.public, port: chosen };
      const listener: UdpListener = {
        received: (datagram, source) => this.#receive(datagram, source, endpoint),
        failed: this.#onError,
      };
      const socket = await openUdp({ address: address.bind, port: chosen }, listener);
      endpoint.port = chosen = socket.port;
      this.#sockets.set(formatEndpoint(endpoint), socket);
    }
    return chosen;
  }

  /** Answers by itself: nothing is sent on. */
  #receive(datagram: Buffer, source: PlayerAddress, asked: SocketAddress): undefined {
    if (!this.#service) return;
    if (this.#watch) this.#tellWatch(this.#watch, datagram);
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
    socket.send(answer.datagram, { ...answer.to, asked: source.asked });
  }

  /** Before any limit, so that a flood of requests does not hide one. */
  #tellWatch({ prefix, onSeen }: Watch, datagram: Buffer): void {
    const transactionId = datagram.subarray(transactionIdAt, headerBytes);
    if (datagram.length < headerBytes || !transactionId.subarray(0, prefix.length).equals(prefix)) return;
    const seen = Buffer.from(transactionId);
    // Where the socket is none of Node's own, what is promised now would wait for the next event.
    setImmediate(() => onSeen(seen));
  }
}
