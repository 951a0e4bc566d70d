import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import {
  decodeTunnelMessage,
  encodeGoodbye,
  encodePlain,
  TUNNEL_PORT,
  type TunnelMessage,
} from './tunnel-message';

interface TunnelServiceEvents {
  /** Somebody at this virtual IP says goodbye; whether it is true shows the proof. */
  goodbye: [virtualIp: string, goodbye: Extract<TunnelMessage, { type: 'goodbye' }>];
  /** Somebody at this virtual IP has sent to this agent's candidates. */
  sent: [virtualIp: string];
}

const NONCE_BYTES = 8;

/** The agent's own UDP service on its virtual IP: echoes, goodbyes, and when to open the NAT. */
export class TunnelService extends EventEmitter<TunnelServiceEvents> {
  private readonly waiting = new Map<string, (receivedAtMs: number) => void>();

  private constructor(private readonly socket: Socket) {
    super();
    socket.on('message', (datagram, source) => this.onDatagram(datagram, source));
    // ICMP errors about peers that are away; their silence is what counts.
    socket.on('error', () => undefined);
  }

  /** Starts the service, on this virtual IP only. Rejects when the address is not there. */
  static async open(virtualIp: string): Promise<TunnelService> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('listening', resolve);
      socket.bind(TUNNEL_PORT, virtualIp);
    });
    socket.removeAllListeners();
    return new TunnelService(socket);
  }

  /** The round trip to a peer's agent in milliseconds; null without an answer in time. */
  echo(virtualIp: string, timeoutMs: number): Promise<number | null> {
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
  saySent(virtualIp: string): void {
    this.send(encodePlain('sent', randomBytes(NONCE_BYTES)), virtualIp);
  }

  /** @param secret X25519 of the own private and the peer's public key */
  sayGoodbye(virtualIp: string, secret: Buffer): void {
    this.send(encodeGoodbye(secret, randomBytes(NONCE_BYTES)), virtualIp);
  }

  close(): void {
    this.socket.close();
  }

  private onDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    // Agents speak from the port that they listen on; whoever does not gets no answer.
    const message = port === TUNNEL_PORT ? decodeTunnelMessage(datagram) : undefined;
    switch (message?.type) {
      case 'echo_request':
        return this.send(encodePlain('echo_reply', message.nonce), address);
      case 'echo_reply':
        return this.waiting.get(keyOf(address, message.nonce))?.(performance.now());
      case 'sent':
        this.emit('sent', address);
        return;
      case 'goodbye':
        this.emit('goodbye', address, message);
        return;
      case undefined:
    }
  }

  private send(datagram: Buffer, virtualIp: string): void {
    this.socket.send(datagram, TUNNEL_PORT, virtualIp, () => undefined);
  }
}

function keyOf(virtualIp: string, nonce: Buffer): string {
  return `${virtualIp} ${nonce.toString('hex')}`;
}
