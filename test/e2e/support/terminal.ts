import { spawn, type ChildProcess } from 'node:child_process';
import { collectOutput, until } from './processes';

/** A command in a pseudo-terminal, made by script(1), Debian package bsdutils. */
export class Terminal {
  private constructor(
    readonly child: ChildProcess,
    /** Everything that was written to the screen, control sequences included. */
    readonly output: { readonly stdout: string },
  ) {}

  /** @param command for the shell; its exit code becomes that of `child` */
  static open(command: string, environment: NodeJS.ProcessEnv, { columns = 80, rows = 24 } = {}): Terminal {
    const sized = `stty cols ${columns} rows ${rows}; exec ${command}`;
    const child = spawn('script', ['--quiet', '--return', '--command', sized, '/dev/null'], {
      env: { ...environment, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Terminal(child, collectOutput(child));
  }

  /** Types Ctrl-C. @returns the exit code */
  async interrupt(): Promise<number | null> {
    this.child.stdin?.write('\u0003');
    await until('the command ends', () => this.child.exitCode !== null);
    return this.child.exitCode;
  }
}
