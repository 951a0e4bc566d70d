import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { forkTypeScript } from './fork-typescript';
import type { FloodKind, FloodOrder, FloodResult } from './floods';

export interface EnterOrder {
  /** The nodes; agents take them in turns. */
  readonly urls: readonly string[];
  /** Agents are numbered over all processes, so that each has an address of its own. */
  readonly first: number;
  readonly count: number;
  readonly partySize: number;
}

export interface ReturnOrder {
  /** Where agents whose node is gone connect. */
  readonly url: string;
}

export interface ReturnResult {
  /** Of each, from the loss of its connection to its snapshot. */
  readonly awayMs: number[];
  /** Of each, from the loss of its connection to its first call. */
  readonly firstCallMs: number[];
}

export interface PushOrder {
  /** Only arrivals at members that are connected to another node than the one who made the change. */
  readonly acrossNodes?: boolean;
  /** So many of the first parties see changes. */
  readonly parties: number;
  readonly changesPerSecond: number;
  readonly seconds: number;
}

export interface PushResult {
  readonly kind: string;
  /** From the sending of the request to the arrival at each member. */
  readonly latenciesMs: number[];
  readonly lost: number;
}

export interface AskOrder {
  readonly perSecond: number;
  readonly seconds: number;
}

export interface AskResult {
  readonly kind: string;
  readonly durationsMs: number[];
  readonly errors: string[];
}

export interface SwarmState {
  readonly online: number;
  readonly failures: string[];
}

/** What a process of the swarm does, and what it says then. */
export interface Commands {
  enter(order: EnterOrder): Promise<void>;
  push(order: PushOrder): Promise<PushResult[]>;
  ask(order: AskOrder): Promise<AskResult[]>;
  /** Settles when whoever loses its connection from now on has found a new one; `awaited` many do. */
  comeBack(order: ReturnOrder & { awaited: number }): Promise<ReturnResult>;
  /** How many of the agents are connected to a node. */
  connectedTo(order: { url: string }): Promise<number>;
  state(): Promise<SwarmState>;
  flood(order: FloodOrder & { kind: FloodKind }): Promise<FloodResult>;
}

/** A process of agents, so that those who make the load and those who measure it do not wait for each other. */
export class Swarm {
  /** How many agents have entered so far. */
  entered = 0;
  private nextId = 0;
  private readonly waiting = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void }
  >();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: { id?: number; result?: unknown; failure?: string; entered?: number }) => {
      if (message.entered !== undefined) this.entered = message.entered;
      const asked = this.waiting.get(message.id ?? -1);
      if (message.failure === undefined) asked?.resolve(message.result);
      else asked?.reject(new Error(message.failure));
    });
    child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a process of agents ended: ${code}`));
    });
  }

  static start(): Swarm {
    return new Swarm(forkTypeScript(join(__dirname, 'swarm-process.ts')));
  }

  tell<Name extends keyof Commands>(
    command: Name,
    ...[order]: Parameters<Commands[Name]>
  ): ReturnType<Commands[Name]> {
    const id = this.nextId++;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.child.send({ id, command, order });
    return answer as ReturnType<Commands[Name]>;
  }

  async stop(): Promise<void> {
    if (!this.child.connected) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }
}
