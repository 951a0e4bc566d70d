import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Namespace } from '../../lab/namespace';
import { until } from './processes';

export interface SocketOptions {
  /** Bound to; all addresses unless told. */
  readonly address?: string;
  /** Any free one unless told. */
  readonly port?: number;
  /** Whether others may have the port as well (SO_REUSEADDR). */
  readonly shared?: boolean;
  /** A group to be a member of. */
  readonly join?: string;
  /** The address of the interface by which multicasts leave (IP_MULTICAST_IF). */
  readonly via?: string;
  /** Answers each datagram that is no answer by `answer TEXT`. */
  readonly answers?: boolean;
}

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly socket?: number;
  readonly text?: string;
  readonly from?: string;
}

/** The games of one machine: all their sockets in one process, so that a suite of many cases starts few. */
export class LanGames {
  private calls = 0;
  private sockets = 0;
  private readonly open = new Map<number, GameSocket>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', ({ socket = 0, text, from }: Message) => {
      if (text !== undefined) this.open.get(socket)?.heard.push(`${text} from ${from}`);
    });
  }

  static async start(host: Namespace): Promise<LanGames> {
    const argv = [process.execPath, join(__dirname, 'lan-games.mjs')];
    const child = host.spawn(argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'message');
    return new LanGames(child);
  }

  /** @throws Error with what the system refused */
  async socket({ address = '0.0.0.0', port = 0, ...rest }: SocketOptions = {}): Promise<GameSocket> {
    const number = ++this.sockets;
    const ask = <Answer>(operation: string, request: object) =>
      this.ask<Answer>(operation, { socket: number, ...request });
    const socket = new GameSocket(ask);
    this.open.set(number, socket);
    socket.port = await ask<number>('open', { address, port, ...rest });
    return socket;
  }

  /** Resolves when all that had arrived is in {@link GameSocket.heard}. */
  settle(): Promise<unknown> {
    return this.ask('settle', {});
  }

  async closeAll(): Promise<void> {
    const sockets = [...this.open.values()];
    this.open.clear();
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  private ask<Answer>(operation: string, request: object): Promise<Answer> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      const listen = ({ id: answered, result, error }: Message) => {
        if (answered !== id) return;
        this.child.off('message', listen);
        if (error === undefined) resolve(result as Answer);
        else reject(new Error(`${operation}: ${error}`));
      };
      this.child.on('message', listen).send({ id, operation, ...request });
    });
  }
}

export class GameSocket {
  port = 0;
  /** `TEXT from ADDRESS:PORT`, in the order in which they came. */
  readonly heard: string[] = [];

  constructor(private readonly ask: <Answer>(operation: string, request: object) => Promise<Answer>) {}

  /** @returns the code of the system's error; null when it was sent */
  send(text: string, to: string, port: number, times = 1): Promise<string | null> {
    return this.ask('send', { text, to, port, times });
  }

  /** Waits for a datagram with this text. @returns where it came from */
  async hears(text: string): Promise<string> {
    const start = `${text} from `;
    const find = () => this.heard.find((one) => one.startsWith(start));
    const line = await until(`"${text}" arrives at port ${this.port}`, find, { intervalMs: 5 });
    return line.slice(start.length);
  }

  close(): Promise<unknown> {
    return this.ask('close', {});
  }
}
