/** Somebody on the path who reads along: passes every byte on, and keeps what is said. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const endOfHead = Buffer.from('\r\n\r\n');

export class Wiretap {
  private readonly up: Buffer[][] = [];
  private readonly down: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(target: URL) {
    this.server = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      const said: Buffer[] = [];
      this.up.push(said);
      for (const socket of [client, server]) {
        this.sockets.add(socket);
        socket.on('error', () => socket.destroy());
      }
      client.on('data', (bytes) => said.push(bytes)).pipe(server);
      server.on('data', (bytes) => this.down.push(bytes)).pipe(client);
    });
  }

  static async open(target: URL, port = 0): Promise<Wiretap> {
    const tap = new Wiretap(target);
    tap.server.listen(port, '127.0.0.1');
    await once(tap.server, 'listening');
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** All that both sides have said, WebSocket's masks taken off. */
  get heard(): string {
    const fromClients = this.up.map((said) => {
      const bytes = Buffer.concat(said);
      return `${bytes.toString('latin1')}\n${messagesOf(bytes).join('\n')}`;
    });
    return [...fromClients, Buffer.concat(this.down).toString('latin1')].join('\n');
  }

  /** What clients have sent over WebSockets. */
  get messages(): string[] {
    return this.up.flatMap((said) => messagesOf(Buffer.concat(said)));
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** The frames of a client (RFC 6455 section 5.2), after the request that opened the connection. */
function messagesOf(bytes: Buffer): string[] {
  const messages: string[] = [];
  if (!bytes.toString('latin1').includes('Upgrade: websocket')) return messages;
  let at = bytes.indexOf(endOfHead) + endOfHead.length;
  while (at + 6 <= bytes.length) {
    const short = bytes.readUInt8(at + 1) & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      lengthBytes === 0
        ? short
        : bytes.readUIntBE(at + 2 + Math.max(0, lengthBytes - 6), Math.min(6, lengthBytes));
    const maskAt = at + 2 + lengthBytes;
    const mask = bytes.subarray(maskAt, maskAt + 4);
    const payload = bytes.subarray(maskAt + 4, maskAt + 4 + length);
    messages.push(Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString());
    at = maskAt + 4 + length;
  }
  return messages;
}
