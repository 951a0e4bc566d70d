import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** A WebSocket to the engine of a server, on which anything can be said. */
export class RawSocket {
  /** What the server sent, as text. */
  readonly received: string[] = [];
  isOpen = true;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.received.push(data.toString()));
    socket.on('close', () => (this.isOpen = false));
    socket.on('error', () => undefined);
  }

  /** Settles when the server has sent its first packet. */
  static async open(url: string, localAddress: string): Promise<RawSocket> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      localAddress,
      perMessageDeflate: false,
    });
    const raw = new RawSocket(socket);
    await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
    return raw;
  }

  /** Sends these packets in as few pieces as TCP makes of them. */
  send(packets: readonly (string | Buffer)[]): void {
    const tcp = (this.socket as unknown as { _socket: { cork(): void; uncork(): void } | null })._socket;
    tcp?.cork();
    for (const packet of packets) if (this.socket.readyState === WebSocket.OPEN) this.socket.send(packet);
    tcp?.uncork();
  }

  /** How many of the server's packets begin so. */
  count(start: string): number {
    return this.received.filter((packet) => packet.startsWith(start)).length;
  }

  /** Waits until the server has closed the connection. @returns whether it is still open after that time */
  async staysOpen(longestMs: number): Promise<boolean> {
    const endMs = performance.now() + longestMs;
    while (this.isOpen && performance.now() < endMs) await sleep(20);
    return this.isOpen;
  }

  close(): void {
    this.socket.terminate();
  }
}
