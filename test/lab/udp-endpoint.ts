import { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { Namespace } from './namespace';
import { joinRemote, splitRemote } from './remote';

export interface Datagram {
  text: string;
  /** `address:port` or `[address]:port` of the sender, as this side of the NATs sees it. */
  from: string;
}

interface Settled {
  settled: number;
  error?: string;
}

/** A UDP socket inside a namespace, held by a small Node process there (`udp-socket.mjs`). */
export class UdpEndpoint {
  private readonly inbox: Datagram[] = [];
  private readonly events = new EventEmitter();
  private sends = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    readonly port: number,
  ) {
    child.on('message', (message: Datagram | Settled) => {
      if ('settled' in message) {
        this.events.emit(`settled ${message.settled}`, message.error);
      } else {
        this.inbox.push(message);
        this.events.emit('datagram');
      }
    });
  }

  /** Opens a socket on any free port and all IPv4 addresses (`::`: IPv6) unless told. Closing the lab closes it. */
  static async open(host: Namespace, { address = '0.0.0.0', port = 0 } = {}): Promise<UdpEndpoint> {
    const argv = [process.execPath, join(__dirname, 'udp-socket.mjs'), address, String(port)];
    const child = host.spawn(argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [bound] = (await once(child, 'message')) as [{ port: number }];
    return new UdpEndpoint(child, address, bound.port);
  }

  /** `address:port` or `[address]:port` as bound. */
  get endpoint(): string {
    return joinRemote(this.address, this.port);
  }

  /**
   * Resolves when the kernel has taken the datagram.
   *
   * @throws Error with the code of the system call's error.
   */
  async send(text: string, to: string): Promise<void> {
    const number = this.sends++;
    const settled = once(this.events, `settled ${number}`);
    const { address, port } = splitRemote(to);
    this.child.send({ number, text, address, port: Number(port) });
    const [error] = (await settled) as [string | undefined];
    if (error) throw new Error(error);
  }

  /** The next datagram that has not been looked at yet. */
  async receive(): Promise<Datagram> {
    for (;;) {
      const datagram = this.inbox.shift();
      if (datagram) return datagram;
      await once(this.events, 'datagram');
    }
  }

  /**
   * Everything that had reached this socket when it was called and has not been looked at. To prove that something
   * does not arrive, first wait for a later packet on the same path, such as a ping's answer.
   */
  async drain(): Promise<Datagram[]> {
    const marker = randomUUID();
    const own = { '0.0.0.0': '127.0.0.1', '::': '::1' }[this.address] ?? this.address;
    await this.send(marker, joinRemote(own, this.port));
    const drained: Datagram[] = [];
    for (;;) {
      const datagram = await this.receive();
      if (datagram.text === marker) return drained;
      drained.push(datagram);
    }
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}
