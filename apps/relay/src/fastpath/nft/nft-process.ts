/** The nft(8) program, as a session for many commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What the kernel or nft had against a command. */
export class NftError extends Error {}

/** A question that nft answers by itself with one line, behind whatever it says about the commands before it. */
const mark = 'describe udp dport';
const markAnswer = 'payload expression, datatype inet_service';

interface Waiting {
  readonly onLine: (line: string) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** `nft -i`: a command takes less than a millisecond, where a process for each would take five. */
export class NftProcess {
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  /** The line that has begun. */
  #text = '';
  #ended: Error | undefined;

  constructor() {
    // Complaints and answers in one stream keep their order. nft must not leave a history of commands at home.
    this.#child = spawn('sh', ['-c', 'HOME=/nonexistent exec nft -i 2>&1'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('close', () => this.#end(new NftError(this.#text || 'nft ended')));
  }

  /**
   * Carries out one line, whose commands take effect together or not at all.
   * @throws NftError
   */
  async run(line: string): Promise<void> {
    const complaints: string[] = [];
    await this.list(line, (complaint) => complaints.push(complaint)).catch(({ message }: Error) =>
      complaints.push(message),
    );
    if (complaints.length > 0) throw new NftError(complaints.join(' '));
  }

  /**
   * Carries out one line that asks for something, and hands over what nft says, line by line.
   * @throws when nft has ended
   */
  list(line: string, onLine: (line: string) => void): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ onLine, resolve, reject });
      this.#child.stdin?.write(`${line}\n${mark}\n`);
    });
  }

  /** Ends the session, and with it every table that it owns. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(markAnswer)) this.#waiting.shift()?.resolve();
      else if (line.trim() !== '') this.#waiting[0]?.onLine(line.trim());
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
