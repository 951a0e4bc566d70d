/** Starts `delay.c` and speaks to it. */
import { ChildProcessByStdio, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { compile } from './compile';

/** How the path between a site and the internet treats a packet, each way. */
export interface PathOptions {
  /** Time that a packet takes one way. */
  delayMs?: number;
  /** A packet takes up to this much more or less; the order stays. */
  jitterMs?: number;
  /** Share of the packets that are lost, 0 to 100. */
  lossPercent?: number;
}

/** Whether packets must be held back at all. */
export function needsHolding({ delayMs = 0, jitterMs = 0, lossPercent = 0 }: PathOptions): boolean {
  return delayMs > 0 || jitterMs > 0 || lossPercent > 0;
}

export interface TunDevice {
  namespace: string;
  device: string;
}

interface Waiting {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** One process that holds back the packets of all links of a lab. It ends with its owner. */
export class DelayProgram {
  private readonly waiting: Waiting[] = [];
  private links = 0;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface(child.stdout).on('line', (line) => this.onAnswer(line));
    child.on('exit', () =>
      this.waiting.forEach(({ reject }) => reject(new Error('The delay program ended'))),
    );
    // The program must not keep its owner alive, except while the owner waits for an answer.
    for (const handle of [child, child.stdin as Socket, child.stdout as Socket]) handle.unref();
  }

  static async start(): Promise<DelayProgram> {
    return new DelayProgram(
      spawn(await compile(join(__dirname, 'delay.c')), [], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
  }

  /** Joins two existing TUN devices. Returns the link's number. */
  async link(a: TunDevice, b: TunDevice, path: PathOptions): Promise<number> {
    const ends = [a, b].map(({ namespace, device }) => `/run/netns/${namespace} ${device}`);
    const answered = this.command(`link ${ends.join(' ')} ${figures(path)}`);
    const number = this.links++;
    await answered;
    return number;
  }

  async setPath(link: number, path: PathOptions): Promise<void> {
    await this.command(`set ${link} ${figures(path)}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.ref();
    this.child.stdin.end();
    await new Promise((resolve) => this.child.on('exit', resolve));
  }

  private command(line: string): Promise<void> {
    (this.child.stdout as Socket).ref();
    this.child.stdin.write(`${line}\n`);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  private onAnswer(line: string): void {
    const waiting = this.waiting.shift();
    if (this.waiting.length === 0) (this.child.stdout as Socket).unref();
    if (line === 'ok') waiting?.resolve();
    else waiting?.reject(new Error(`The delay program refused: ${line}`));
  }
}

/** DELAY_US JITTER_US LOSS_PPM */
function figures({ delayMs = 0, jitterMs = 0, lossPercent = 0 }: PathOptions): string {
  return [delayMs * 1e3, jitterMs * 1e3, lossPercent * 1e4].map(Math.round).join(' ');
}
