import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { collectOutput, end, until } from './processes';

const SIZE_KB = 64;

/** A disk of 64 kB in a folder, seen only by commands that {@link wrapper} stands before. Needs root. */
export class SmallDisk {
  private constructor(
    private readonly folder: string,
    private readonly holder: ChildProcess,
  ) {}

  static async mountedAt(folder: string): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${SIZE_KB}k,mode=700 tmpfs "$0" && echo mounted && exec sleep infinity`;
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, folder]);
    const output = collectOutput(holder);
    await until('the disk is mounted', () => output.stdout.includes('mounted'));
    return new SmallDisk(folder, holder);
  }

  /** Has the command that follows see the disk. */
  get wrapper(): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.holder.pid}/ns/mnt`, '--'];
  }

  /** The path of one of its files for those who do not see the disk. */
  pathOf(name: string): string {
    return join(`/proc/${this.holder.pid}/root`, this.folder, name);
  }

  /** Leaves room for nothing. */
  fill(): void {
    const file = openSync(this.pathOf('filler'), 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.pathOf('filler'));
  }

  async makeReadOnly(): Promise<void> {
    const [command = '', ...args] = [...this.wrapper, 'mount', '-o', 'remount,ro', this.folder];
    const child = spawn(command, args, { stdio: 'inherit' });
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(`the disk was not mounted read-only: ${String(code)}`);
  }

  async unmount(): Promise<void> {
    await end(this.holder, 'SIGKILL');
  }
}
