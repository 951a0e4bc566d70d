import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Gateway } from './default-gateway';
import { PORT_CONTROL_PORT } from './nat-pmp';

/** RFC 6886 section 3.1 doubles from 250 ms on; it goes on for a minute, which nobody waits for here. */
const sendTimesMs = [0, 250, 750, 1_750];
const GIVE_UP_MS = 3_000;

/** A UDP socket to a gateway's port for PCP and NAT-PMP. It is connected: the kernel drops what others send. */
export class GatewaySocket {
  private readonly exchanges = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    // ICMP says that nobody listens there.
    socket.on('error', () => this.exchanges.forEach((giveUp) => giveUp()));
  }

  /** @returns null when the gateway cannot be sent to */
  static async open(gateway: Gateway): Promise<GatewaySocket | null> {
    const socket = createSocket('udp4');
    socket.connect(PORT_CONTROL_PORT, gateway.address);
    try {
      await once(socket, 'connect');
      return new GatewaySocket(socket);
    } catch {
      socket.close();
      return null;
    }
  }

  /** Sends a request until an answer can be read. Undefined without one after 3 s, and when the signal is aborted. */
  exchange<T>(
    request: Buffer,
    read: (datagram: Buffer) => T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (answer: T | undefined) => {
        timers.forEach(clearTimeout);
        this.socket.off('message', receive);
        signal.removeEventListener('abort', giveUp);
        this.exchanges.delete(giveUp);
        resolve(answer);
      };
      const giveUp = () => settle(undefined);
      const receive = (datagram: Buffer) => {
        const answer = read(datagram);
        if (answer !== undefined) settle(answer);
      };
      const send = () => this.socket.send(request, (error) => error && giveUp());
      const timers = sendTimesMs.map((delayMs) => setTimeout(send, delayMs));
      timers.push(setTimeout(giveUp, GIVE_UP_MS));
      this.socket.on('message', receive);
      signal.addEventListener('abort', giveUp, { once: true });
      this.exchanges.add(giveUp);
    });
  }

  close(): void {
    this.exchanges.forEach((giveUp) => giveUp());
    this.socket.close();
  }
}
