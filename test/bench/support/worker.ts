/** A process that carries out orders, so that those who make a load and those who measure it do not wait for each other. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const runTypeScript = join(__dirname, '../../../scripts/run-typescript.mjs');

/** By name, what each takes and what it answers. */
type OrdersOf<Orders> = Record<keyof Orders, (order: never) => Promise<unknown>>;

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly failure?: string;
}

/** This side of it. The other one calls {@link obey}. */
export class Worker<Orders extends OrdersOf<Orders>> {
  private nextId = 0;
  private readonly waiting = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void }
  >();

  constructor(private readonly child: ChildProcess) {
    child.on('message', ({ id = -1, result, failure }: Answer) => {
      const asked = this.waiting.get(id);
      if (failure === undefined) asked?.resolve(result);
      else asked?.reject(new Error(failure));
      this.waiting.delete(id);
    });
    child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a worker ended: ${code}`));
    });
  }

  tell<Name extends keyof Orders>(
    name: Name,
    ...[order]: Parameters<Orders[Name]>
  ): ReturnType<Orders[Name]> {
    const id = this.nextId++;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.child.send({ id, name, order });
    return answer as ReturnType<Orders[Name]>;
  }

  async stop(): Promise<void> {
    if (!this.child.connected) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }
}

export function forkTypeScript(file: string): ChildProcess {
  return fork(runTypeScript, [file], { execArgv: [] });
}

/** In the process of a {@link Worker}: carries out what it is told. */
export function obey<Orders extends OrdersOf<Orders>>(orders: Orders): void {
  process.on('message', ({ id, name, order }: { id: number; name: keyof Orders; order: never }) => {
    orders[name](order).then(
      (result) => tellParent({ id, result }),
      (error: unknown) => tellParent({ id, failure: error instanceof Error ? error.stack : String(error) }),
    );
  });
}

/** From the process of a {@link Worker}; heard as long as the other one is there. */
export function tellParent(message: object): void {
  if (process.connected) process.send?.(message);
}
