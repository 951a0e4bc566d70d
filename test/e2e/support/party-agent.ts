import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../lab/host';
import type { LabServer } from './lab-server';
import type { PartyStatus } from './lab-player';
import { until } from './processes';

/** Something that an agent noticed: an order to look for a direct path (`told`), or a change of a path. */
export interface AgentEvent {
  readonly event: 'told' | 'connecting' | 'relayed' | 'direct' | 'failed';
  /** Unix time. */
  readonly atMs: number;
  /** Where it sends, as of a change of a path. */
  readonly pathEndpoint?: string;
  /** Code of the reason for it. */
  readonly reason?: string;
}

export interface Call {
  readonly calledAtMs: number;
  readonly returnedAtMs: number;
}
export type Entry = Call & { readonly partyId: string; readonly virtualIp: string };

interface Message {
  id?: number;
  result?: unknown;
  error?: string;
  event?: AgentEvent['event'] | 'ready';
}

/** The compiled agent on a lab host, in a process of its own, as a program that uses PartyManager. */
export class PartyAgent {
  /** Since the last {@link forget}. */
  events: AgentEvent[] = [];
  private calls = 0;

  private constructor(
    readonly host: Host,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {
    child.on('message', (message: Message) => {
      if (message.event && message.event !== 'ready') this.events.push(message as AgentEvent);
    });
  }

  static async start(
    host: Host,
    server: Pick<LabServer, 'url'>,
    settings: NodeJS.ProcessEnv = {},
  ): Promise<PartyAgent> {
    const home = await mkdtemp(join(tmpdir(), 'lanrage-bench-'));
    const child = host.spawn([process.execPath, join(__dirname, 'agent-process.mjs')], {
      env: {
        LANRAGE_SERVER: server.url,
        LANRAGE_HOME: home,
        LANRAGE_INTERFACE: host.interfaceName,
        LANRAGE_NICKNAME: host.name,
        ...settings,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const agent = new PartyAgent(host, child, home);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${host.name}'s agent ended`)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return agent;
  }

  create(name: string): Promise<Entry> {
    return this.ask('create', { name });
  }

  join(partyId: string): Promise<Entry> {
    return this.ask('join', { partyId });
  }

  leave(): Promise<Call> {
    return this.ask('leave');
  }

  rename(name: string): Promise<Call> {
    return this.ask('rename', { name });
  }

  kick(peerId: string): Promise<Call> {
    return this.ask('kick', { peerId });
  }

  /** Processor time that the agent has used so far. */
  cpu(): Promise<{ cpuMs: number }> {
    return this.ask('cpu');
  }

  forget(): void {
    this.events = [];
  }

  /** The first event of this kind since the last {@link forget}. */
  async seen(event: AgentEvent['event'], timeoutMs = 10_000): Promise<AgentEvent> {
    const find = () => this.events.find((one) => one.event === event);
    return until(`${this.host.name} sees ${event}`, find, { timeoutMs });
  }

  /** When it is connected with all others of a party of so many, Unix time. */
  meets(players: number): Promise<{ atMs: number }> {
    return this.ask('meets', { players });
  }

  /** How its only connection is now. */
  get connection(): AgentEvent['event'] | undefined {
    return this.events.findLast(({ event }) => event !== 'told')?.event;
  }

  /** How it sees the party, as `lanrage status --json` does. */
  status(): Promise<PartyStatus> {
    return this.ask('status');
  }

  /** {@link status} after having asked the machines of the party for servers, as `lanrage games` does. */
  games(): Promise<PartyStatus> {
    return this.ask('games');
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
    await rm(this.home, { recursive: true, force: true });
  }

  private ask<Answer>(operation: string, request: object = {}): Promise<Answer> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      const listen = ({ id: answered, result, error }: Message) => {
        if (answered !== id) return;
        this.child.off('message', listen);
        if (error) reject(new Error(`${this.host.name}: ${operation}: ${error}`));
        else resolve(result as Answer);
      };
      this.child.on('message', listen);
      this.child.send({ id, operation, ...request });
    });
  }
}
