import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What stands in front of several nodes: hands each connection to the next one that takes it. */
export class Balancer {
  private turn = 0;
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly ports: readonly number[],
  ) {
    server.on('connection', (client) => void this.hand(client));
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Balancer(server, ports);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.open) socket.destroy();
  }

  private async hand(client: Socket): Promise<void> {
    this.track(client);
    for (let attempt = 0; attempt < this.ports.length; attempt++) {
      const target = connect(this.ports[this.turn++ % this.ports.length] ?? 0, '127.0.0.1');
      this.track(target);
      const isThere = await Promise.race([
        once(target, 'connect').then(
          () => true,
          () => false,
        ),
        once(target, 'close').then(() => false),
      ]);
      if (!isThere) continue;
      client.pipe(target).pipe(client);
      for (const [one, other] of [
        [client, target],
        [target, client],
      ] as const)
        one.on('close', () => other.destroy());
      return;
    }
    client.destroy();
  }

  private track(socket: Socket): void {
    this.open.add(socket);
    socket.on('error', () => undefined).on('close', () => this.open.delete(socket));
  }
}
