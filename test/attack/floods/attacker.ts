import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { forkTypeScript } from '../../bench/support/fork-typescript';
import type { FloodKind } from './kinds';

interface Told {
  readonly sent?: number;
  readonly failure?: string;
}

/** Sends one kind of flood, from a process of its own. */
export class Attacker {
  private constructor(private readonly child: ChildProcess) {}

  /** Settles when all that comes before the flood is done, such as signing in. */
  static async prepare(kind: FloodKind, url: string): Promise<Attacker> {
    const attacker = new Attacker(forkTypeScript(join(__dirname, 'process.ts')));
    await attacker.tell({ prepare: kind, url });
    return attacker;
  }

  /** Settles with the number of messages, when so many seconds are over. */
  async flood(seconds: number): Promise<number> {
    return (await this.tell({ flood: seconds })).sent ?? 0;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private async tell(order: object): Promise<{ sent?: number }> {
    this.child.send(order);
    const settled = new AbortController();
    const { signal } = settled;
    const answered = once(this.child, 'message', { signal }) as Promise<[Told]>;
    const ended = once(this.child, 'exit', { signal }).then(() => null);
    const answer = await Promise.race([answered, ended]);
    settled.abort();
    await Promise.allSettled([answered, ended]);
    if (answer === null) throw new Error('the attacker ended');
    const [{ failure, ...done }] = answer;
    if (failure !== undefined) throw new Error(failure);
    return done;
  }
}
