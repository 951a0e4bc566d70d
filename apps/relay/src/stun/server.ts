import type { RemoteInfo, Socket } from 'node:dgram';
import { SourceBuckets } from '../core/limits';
import { bindUdp, closeUdp } from '../udp/bind';
import { respond } from './responder';

/** An agent asks a few times when it starts; a house full of them shares an address. */
const requestsPerSource = { perSecond: 50, burst: 200 };
const maxSources = 8192;

/** What was asked and how it went. */
export interface StunStats {
  answers: number;
  /** Not a sound binding request. */
  ignored: number;
  /** Beyond the rate of one source. */
  limited: number;
}

/** Answers binding requests on one UDP socket. */
export class StunServer {
  readonly stats: StunStats = { answers: 0, ignored: 0, limited: 0 };
  readonly #sources = new SourceBuckets(requestsPerSource, maxSources);
  readonly #socket: Socket;

  private constructor(socket: Socket, onError: (error: Error) => void) {
    this.#socket = socket;
    socket.on('message', (datagram, source) => this.#receive(datagram, source));
    socket.on('error', onError);
  }

  /**
   * `onError` hears of errors of the open socket, which stays open.
   * @throws PortUnavailableError when the port is taken or privileged.
   */
  static async open(address: string, port: number, onError: (error: Error) => void): Promise<StunServer> {
    return new StunServer(await bindUdp(address, port), onError);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    return closeUdp(this.#socket);
  }

  #receive(datagram: Buffer, source: RemoteInfo): void {
    if (!this.#sources.take(source.address, performance.now())) {
      this.stats.limited++;
      return;
    }
    const answer = respond(datagram, source);
    if (!answer) {
      this.stats.ignored++;
      return;
    }
    this.stats.answers++;
    this.#socket.send(answer, source.port, source.address);
  }
}
