import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Host } from '../../lab/host';
import { root } from '../../e2e/support/processes';
import type { Notice, PartyView } from './notices';

export interface EnterOrder {
  readonly server: string;
  /** Each agent has its state in a folder of its name in this one. */
  readonly home: string;
  /** The WireGuard device of the one agent; null: agents without tunnels, for whose peers a stand-in answers. */
  readonly interfaceName: string | null;
  /** Who enters which party; without an id, the first one creates it. */
  readonly parties: readonly { readonly names: readonly string[]; readonly partyId?: string }[];
  /** From one agent to the next. */
  readonly pauseMs: number;
}

export interface Entered {
  readonly partyId: string;
  readonly virtualIp: string;
}

/** What a process of agents does. */
export interface Orders {
  enter(order: EnterOrder): Promise<Entered[]>;
  /** Notices come from now on. */
  watch(nothing: object): Promise<void>;
  /** In the order of entering. */
  views(nothing: object): Promise<PartyView[]>;
}

type Message = Partial<Notice> & { id?: number; result?: unknown; failure?: string; entered?: number };

/** Agents on a lab host, in a process of their own: the whole agent, with WireGuard or without. */
export class Agents {
  /** How many have entered so far. */
  entered = 0;
  readonly notices: Notice[] = [];
  private nextId = 0;
  private readonly waiting = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void }
  >();

  private constructor(
    readonly host: Host,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (message: Message) => {
      if (message.entered !== undefined) this.entered = message.entered;
      if (message.notice !== undefined) this.notices.push(message as Notice);
      const asked = this.waiting.get(message.id ?? -1);
      if (message.failure === undefined) asked?.resolve(message.result);
      else asked?.reject(new Error(message.failure));
      this.waiting.delete(message.id ?? -1);
    });
    child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a process of agents ended: ${code}`));
    });
  }

  static at(host: Host): Agents {
    const script = [join(root, 'scripts/run-typescript.mjs'), join(__dirname, 'agents-process.ts')];
    const stdio = ['ignore', process.stderr, 'inherit', 'ipc'] as const; // stdout is the report's alone
    return new Agents(host, host.spawn([process.execPath, ...script], { stdio: [...stdio] }));
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
