import { ChildProcess, SpawnOptions, spawn } from 'node:child_process';

export interface ExecOptions {
  /** Added to the environment of this process. */
  env?: NodeJS.ProcessEnv;
  /** Written to the command's stdin, which is then closed. */
  input?: string;
  /** After this many milliseconds the command is killed, and `code` is null. */
  timeoutMs?: number;
}

export interface ExecResult {
  /** Exit code, or null when a signal ended the command. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A network namespace in which commands can be run. */
export class Namespace {
  private readonly children = new Set<ChildProcess>();

  /** @param namespace name as in `ip netns list` */
  constructor(readonly namespace: string) {}

  /** Runs a command to its end. A failing command is a result, not an error. */
  async exec(argv: readonly string[], { input = '', timeoutMs, env }: ExecOptions = {}): Promise<ExecResult> {
    const child = this.spawn(argv, { env, ...(timeoutMs && { timeout: timeoutMs, killSignal: 'SIGKILL' }) });
    const result: ExecResult = { code: null, stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (result.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
    // A command that does not read its input may close it first.
    child.stdin?.on('error', () => undefined).end(input);
    result.code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    return result;
  }

  /**
   * Starts a command and leaves it running; closing the lab kills it, its children and whatever else runs in the
   * namespace. `env` is added to the environment of this process. The child's pid is the command's own.
   */
  spawn(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace, ...argv], {
      ...options,
      env: { ...process.env, ...options.env },
    });
    this.children.add(child);
    child.on('exit', () => this.children.delete(child));
    return child;
  }

  /** Kills the commands started here. Resolves when they have ended. */
  async kill(): Promise<void> {
    await Promise.all(
      [...this.children].map((child) => {
        child.kill('SIGKILL');
        return new Promise((resolve) => child.on('exit', resolve));
      }),
    );
  }
}
