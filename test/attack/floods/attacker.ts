import { join } from 'node:path';
import { forkTypeScript, Worker } from '../../bench/support/worker';
import type { FloodKind } from './kinds';

export interface Orders {
  /** Settles when all that comes before the flood is done, such as signing in. */
  prepare(order: { kind: FloodKind; url: string }): Promise<void>;
  /** Settles with the number of messages, when so many seconds are over. */
  flood(order: { seconds: number }): Promise<number>;
}

/** Sends one kind of flood, from a process of its own. */
export class Attacker {
  private readonly child = forkTypeScript(join(__dirname, 'process.ts'));
  private readonly worker = new Worker<Orders>(this.child);

  /** As {@link Orders.prepare}. */
  static async prepare(kind: FloodKind, url: string): Promise<Attacker> {
    const attacker = new Attacker();
    await attacker.worker.tell('prepare', { kind, url });
    return attacker;
  }

  /** As {@link Orders.flood}. */
  flood(seconds: number): Promise<number> {
    return this.worker.tell('flood', { seconds });
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
