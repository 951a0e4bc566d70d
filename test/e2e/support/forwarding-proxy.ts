/** A proxy in front of a server on loopback, which says that all its clients have a certain address. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export class ForwardingProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly target: string,
    private readonly clientAddress: string,
  ) {
    this.server = createServer((incoming, outgoing) => {
      const onward = this.onward(incoming).on('error', () => outgoing.destroy());
      onward.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    });
    this.server.on('upgrade', (incoming, client: Socket) => {
      const onward = this.onward(incoming).on('error', () => client.destroy());
      onward.on('upgrade', (answer, server, head) => this.join(client, server, answer, head));
      onward.end();
    });
    this.server.on('connection', (socket) => this.keep(socket));
  }

  /** @param target such as `http://127.0.0.1:8080` @param port its own; 0: any */
  static async open(target: string, clientAddress: string, port = 0): Promise<ForwardingProxy> {
    const proxy = new ForwardingProxy(target, clientAddress);
    proxy.server.listen(port, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private onward({ method = '', url = '', headers }: IncomingMessage) {
    const forwarded = { ...headers, 'x-forwarded-for': this.clientAddress };
    return request(new URL(url, this.target), { method, headers: forwarded, agent: false });
  }

  private join(client: Socket, server: Socket, { rawHeaders }: IncomingMessage, head: Buffer): void {
    this.keep(server);
    const lines = rawHeaders.flatMap((name, at) =>
      at % 2 ? [] : [`${name}: ${rawHeaders[at + 1] ?? ''}\r\n`],
    );
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    client.write(head);
    client.pipe(server).pipe(client);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => this.sockets.delete(socket));
  }
}
