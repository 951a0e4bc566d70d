/** The nft(8) program: one session for changes, and a process for each listing, which may be long. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** What the kernel or nft had against a command. */
export class NftError extends Error {}

/** A question that nft answers by itself with one line, behind whatever it says about the commands before it. */
const mark = 'describe udp dport';
const markAnswer = 'payload expression, datatype inet_service';

interface Waiting {
  readonly resolve: (complaints: string) => void;
  readonly reject: (error: Error) => void;
}

/** `nft -i`: a change takes effect in less than a millisecond, where a process for each would take ten. */
export class NftSession {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: Waiting[] = [];
  #complaints: string[] = [];

  constructor() {
    // Complaints and answers in one stream keep their order. nft must not leave a history of commands at home.
    this.#child = spawn('sh', ['-c', 'HOME=/nonexistent exec nft -i 2>&1'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin?.on('error', () => undefined);
    this.#lines = createInterface(this.#child.stdout ?? process.stdin).on('line', (line) => this.#take(line));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('exit', () => this.#end(new NftError(this.#complaints.join(' ') || 'nft ended')));
  }

  /**
   * Carries out one line, whose commands take effect together or not at all.
   * @throws NftError
   */
  async run(line: string): Promise<void> {
    const answered = new Promise<string>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#child.stdin?.write(`${line}\n${mark}\n`);
    const complaints = await answered;
    if (complaints !== '') throw new NftError(complaints);
  }

  /** Ends the session, and with it every table that it owns. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  #take(line: string): void {
    if (!line.startsWith(markAnswer)) {
      if (line.trim() !== '') this.#complaints.push(line.trim());
      return;
    }
    const complaints = this.#complaints.join(' ');
    this.#complaints = [];
    this.#waiting.shift()?.resolve(complaints);
  }

  #end(error: Error): void {
    this.#lines.close();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Runs read-only commands in a process of their own and hands over what they print, line by line. */
export async function listNft(commands: string, onLine: (line: string) => void): Promise<void> {
  const child = spawn('nft', [commands], { stdio: ['ignore', 'pipe', 'ignore'] });
  const failed = once(child, 'error').then(([error]: unknown[]) => Promise.reject(error as Error));
  createInterface(child.stdout).on('line', onLine);
  await Promise.race([once(child, 'close'), failed]);
}
