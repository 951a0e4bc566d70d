import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectOutput, end, root, until } from './processes';

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The compiled `lanrage` command on this machine, with a state folder of its own. */
export class CommandLine {
  static readonly program = join(root, 'bin/lanrage.mjs');
  /** Stands before the command: what runs another one, such as setpriv(1). */
  wrapper: readonly string[] = [];
  private readonly started: ChildProcess[] = [];

  private constructor(
    readonly home: string,
    private readonly server: string,
  ) {}

  static async open(server: string): Promise<CommandLine> {
    return CommandLine.at(await mkdtemp(join(tmpdir(), 'lanrage-cli-')), server);
  }

  /** @param home a folder, which {@link close} removes */
  static at(home: string, server: string): CommandLine {
    return new CommandLine(home, server);
  }

  environment(settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...process.env, LANRAGE_HOME: this.home, LANRAGE_SERVER: this.server, ...settings };
  }

  start(args: readonly string[], settings?: NodeJS.ProcessEnv) {
    const [command = '', ...rest] = [...this.wrapper, process.execPath, CommandLine.program, ...args];
    const child = spawn(command, rest, { env: this.environment(settings) });
    return { child: this.own(child), output: collectOutput(child) };
  }

  async run(args: readonly string[], settings?: NodeJS.ProcessEnv): Promise<Result> {
    const { child, output } = this.start(args, settings);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, ...output };
  }

  /** `lanrage agent`, once it says that it is ready. */
  async startAgent() {
    const { child, output } = this.start(['agent', '--json']);
    await until('the agent is ready', () => {
      if (typeof child.exitCode === 'number') throw new Error(`the agent does not start: ${output.stderr}`);
      return output.stdout.includes('\n');
    });
    return { child, output };
  }

  /** Has the process end with this command line. */
  own<Child extends ChildProcess>(child: Child): Child {
    this.started.push(child);
    return child;
  }

  async close(): Promise<void> {
    await Promise.all(this.started.map((child) => end(child, 'SIGKILL')));
    await rm(this.home, { recursive: true });
  }
}

/** The refusal that `--json` prints. */
export function errorOf({ stderr }: Result): { code: string } {
  return (JSON.parse(stderr) as { error: { code: string } }).error;
}
