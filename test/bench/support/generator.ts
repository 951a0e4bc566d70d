/** Starts `generator.c` and speaks to it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Namespace } from '../../lab/namespace';
import { compile } from '../../lab/compile';

/** A UDP socket of the generator's, in one of the namespaces. */
export interface GeneratorSocket {
  readonly number: number;
  readonly address: string;
  readonly port: number;
}

export interface Flow {
  readonly from: GeneratorSocket;
  readonly to: GeneratorSocket;
  readonly destination: { readonly address: string; readonly port: number };
  /** Receiver index of its data messages. */
  readonly index: number;
  /** Channel of RFC 8656 section 12 that wraps them, unless they go as they are. */
  readonly channel?: number;
}

/** Datagrams that no player would send: random bytes, or WireGuard's forms with random contents. */
export const junkKinds = ['noise', 'initiation', 'response', 'data'] as const;

export interface Junk {
  readonly to: { readonly address: string; readonly port: number };
  readonly kind: (typeof junkKinds)[number];
  readonly perSecond: number;
}

export interface Load {
  readonly perSecond: number;
  /** Length of a WireGuard data message, header included. */
  readonly bytes: number;
  readonly durationMs: number;
}

export interface Throughput {
  readonly sent: number;
  readonly received: number;
}

export interface LoadResult extends Throughput {
  /** Turns of the idle thread per millisecond of its own; fewer where interrupts take part of that time. */
  readonly turnsPerMs: number;
}

export interface EchoResult extends Throughput {
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Source of datagrams on one processor, and the clock for another one. */
export class Generator {
  private readonly answers: ((line: string) => void)[] = [];

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface(child.stdout).on('line', (line) => this.answers.shift()?.(line));
  }

  /**
   * @param cpus where it sends, and whose time it measures
   * @param isRealTime whether everything else on its processor waits meanwhile; for what is measured
   */
  static async start(
    { own, measured }: { own: number; measured: number },
    isRealTime = true,
  ): Promise<Generator> {
    const executable = await compile(join(__dirname, 'generator.c'));
    const scheduling = isRealTime ? ['-f', '1'] : ['-o', '0'];
    const child = spawn('chrt', [...scheduling, 'taskset', '-c', String(own), executable], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const generator = new Generator(child);
    await generator.command(`idle ${measured}`);
    return generator;
  }

  async socket({ namespace }: Namespace, address: string): Promise<GeneratorSocket> {
    const [number = 0, port = 0] = await this.figures(`socket /run/netns/${namespace} ${address}`);
    return { number, address, port };
  }

  /** What the socket sends from now on has this time to live, and a UDP checksum or none. */
  async header({ number }: GeneratorSocket, { hops = 64, hasChecksum = true }): Promise<void> {
    await this.command(`header ${number} ${hops} ${Number(hasChecksum)}`);
  }

  async send(
    socket: GeneratorSocket,
    to: { address: string; port: number },
    datagram: Buffer,
  ): Promise<void> {
    await this.command(`send ${socket.number} ${to.address} ${to.port} ${datagram.toString('hex')}`);
  }

  /** @throws Error when nothing arrives within a second. */
  async receive(socket: GeneratorSocket): Promise<Buffer> {
    return Buffer.from(await this.command(`receive ${socket.number} 1000`), 'hex');
  }

  /** A pair of flows, there and back. */
  async flows(...pair: [Flow, Flow]): Promise<void> {
    for (const { from, to, destination, index, channel = 0 } of pair) {
      const { address, port } = destination;
      await this.command(`flow ${from.number} ${to.number} ${address} ${port} ${index} ${channel}`);
    }
  }

  /** Sends on all flows. */
  async load({ perSecond, bytes, durationMs }: Load): Promise<LoadResult> {
    const figures = await this.figures(`load ${perSecond} ${bytes} ${durationMs}`);
    const [sent = 0, received = 0, turnsPerMs = 0] = figures;
    return { sent, received, turnsPerMs };
  }

  /** Sends with the measured processor left to the relay and the kernel. */
  async flood({ perSecond, bytes, durationMs }: Load): Promise<Throughput> {
    const [sent = 0, received = 0] = await this.figures(`flood ${perSecond} ${bytes} ${durationMs}`);
    return { sent, received };
  }

  /** Sends on the first flow of each pair and has it answered on the second. */
  async echo({ perSecond, bytes, durationMs }: Load): Promise<EchoResult> {
    const figures = await this.figures(`echo ${perSecond} ${bytes} ${durationMs}`);
    const [sent = 0, received = 0, p50Ns = NaN, p99Ns = NaN] = figures;
    return { sent, received, p50Us: p50Ns / 1000, p99Us: p99Ns / 1000 };
  }

  /** While it loads, floods or echoes, this goes out as well, from false addresses, until {@link calm}. */
  async junk({ namespace }: Namespace, { to, kind, perSecond }: Junk): Promise<void> {
    await this.command(`junk /run/netns/${namespace} ${to.address} ${to.port} ${kind} ${perSecond}`);
  }

  /** Ends the junk; gives how much was sent. */
  async calm(): Promise<number> {
    const [sent = 0] = await this.figures('calm');
    return sent;
  }

  /** Closes all sockets. */
  async clear(): Promise<void> {
    await this.command('clear');
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin.end();
    await ended;
  }

  private async figures(line: string): Promise<number[]> {
    return (await this.command(line)).split(' ').map(Number);
  }

  private async command(line: string): Promise<string> {
    this.child.stdin.write(`${line}\n`);
    const answer = await new Promise<string>((resolve) => this.answers.push(resolve));
    if (!answer.startsWith('ok')) throw new Error(`${line}: ${answer}`);
    return answer.slice('ok '.length);
  }
}
