import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { FloodKind, FloodOrder, FloodResult } from './floods';
import { forkTypeScript, Worker } from './worker';

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
  /** Time of each agent from the loss of its connection to its snapshot. */
  readonly awayMs: number[];
  /** Time of each agent from the loss of its connection to its first call. */
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
  /** Settles when agents that lose their connection from now on have found a new one; `awaited` many do. */
  comeBack(order: ReturnOrder & { awaited: number }): Promise<ReturnResult>;
  /** How many of the agents are connected to a node. */
  connectedTo(order: { url: string }): Promise<number>;
  state(): Promise<SwarmState>;
  flood(order: FloodOrder & { kind: FloodKind }): Promise<FloodResult>;
}

/** A process of agents. */
export class Swarm extends Worker<Commands> {
  /** How many agents have entered so far. */
  entered = 0;

  private constructor(child: ChildProcess) {
    super(child);
    child.on('message', ({ entered }: { entered?: number }) => (this.entered = entered ?? this.entered));
  }

  static start(): Swarm {
    return new Swarm(forkTypeScript(join(__dirname, 'swarm-process.ts')));
  }
}
