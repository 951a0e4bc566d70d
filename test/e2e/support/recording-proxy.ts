/** Publishes a server under a path, and keeps all that it is sent. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class RecordingProxy {
  /** Request line, headers and body of each request. */
  readonly received: string[] = [];
  private readonly server: Server;

  private constructor(target: string, prefix: string) {
    this.server = createServer((incoming, outgoing) => {
      const { method = '', url = '', headers, rawHeaders } = incoming;
      const index = this.received.push(`${method} ${url} ${rawHeaders.join(' ')}`) - 1;
      incoming.on('data', (part: Buffer) => (this.received[index] += part.toString()));
      if (!url.startsWith(`${prefix}/`)) return void outgoing.writeHead(404).end();
      const onward = request(target + url.slice(prefix.length), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
  }

  /** @param prefix such as `/lan` */
  static async open(target: string, prefix: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(target, prefix);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
