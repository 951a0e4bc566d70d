import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Host } from '../../lab/host';
import { runTypeScript, Worker } from '../support/worker';
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

/** Agents on a lab host, in a process of their own: the whole agent, with WireGuard or without. */
export class Agents extends Worker<Orders> {
  /** How many have entered so far. */
  entered = 0;
  readonly notices: Notice[] = [];

  private constructor(
    readonly host: Host,
    child: ChildProcess,
  ) {
    super(child);
    child.on('message', (message: Partial<Notice> & { entered?: number }) => {
      if (message.entered !== undefined) this.entered = message.entered;
      if (message.notice !== undefined) this.notices.push(message as Notice);
    });
  }

  static at(host: Host): Agents {
    const script = [runTypeScript, join(__dirname, 'agents-process.ts')];
    const stdio = ['ignore', process.stderr, 'inherit', 'ipc'] as const; // stdout is the report's alone
    return new Agents(host, host.spawn([process.execPath, ...script], { stdio: [...stdio] }));
  }
}
