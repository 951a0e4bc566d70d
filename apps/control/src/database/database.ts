import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Config } from '../config';
import { EmbeddedServer } from './embedded-server';
import { isDatabaseAway } from './failures';
import { PrismaClient } from './generated/client';
import { migrate } from './migrations';
import { Sql } from './sql';

const CONNECT_TIMEOUT_MS = 2000;
const QUERY_TIMEOUT_MS = 5000;
const START_ATTEMPTS = 30;
const START_PAUSE_MS = 1000;

/** The open database, its schema up to date. */
export class Database implements OnApplicationShutdown {
  /** Also those that are not open yet, by the settings that they are opened with. */
  private static readonly ofStarts = new WeakMap<Config, Promise<Database>>();

  readonly sql: Sql;

  private constructor(
    /** For simple statements that are seldom needed. */
    readonly prisma: PrismaClient,
    private readonly pool: pg.Pool,
    private readonly embedded: EmbeddedServer | null,
  ) {
    this.sql = new Sql(pool);
  }

  static open(config: Config): Promise<Database> {
    const opening = Database.openNow(config);
    Database.ofStarts.set(config, opening);
    return opening;
  }

  /** Closes what {@link open} has opened or is about to: for a start that fails before anything else can close it. */
  static async abandon(config: Config): Promise<void> {
    const opened = await Database.ofStarts.get(config)?.catch(() => null);
    await opened?.onApplicationShutdown();
  }

  private static async openNow(config: Config): Promise<Database> {
    const logger = new Logger('database');
    const embedded =
      config.databaseUrl === null ? await EmbeddedServer.start(join(config.dataDirectory, 'postgres')) : null;
    const connection = embedded?.connection ?? { connectionString: config.databaseUrl ?? '' };
    try {
      const applied = await migrateWhenReachable(connection, logger);
      if (applied.length > 0) logger.log({ migrations: applied }, 'database schema brought up to date');
    } catch (error) {
      await embedded?.stop();
      throw error;
    }
    const pool = openPool(connection, config.databaseConnections, logger);
    return new Database(new PrismaClient({ adapter: new PrismaPg(pool) }), pool, embedded);
  }

  /** Settles when the database answers. */
  async ping(): Promise<void> {
    await this.sql.rows`SELECT 1`;
  }

  /** Does all of some work or, if it throws, nothing of it. */
  async transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(new Sql(client));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
    await this.embedded?.stop();
  }
}

/** Fails fast: a request that cannot have its answer soon gets CONTROL_UNAVAILABLE instead. */
function openPool(connection: pg.ClientConfig, size: number, logger: Logger): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  });
  // The error itself has the whole connection in it.
  pool.on('error', ({ message }) => logger.warn({ reason: message }, 'idle database connection lost'));
  return pool;
}

/** A database server that starts together with this one may need some seconds more. */
async function migrateWhenReachable(connection: pg.ClientConfig, logger: Logger): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    try {
      await client.connect();
    } catch (error) {
      if (attempt === START_ATTEMPTS || !isDatabaseAway(error)) throw error;
      if (attempt === 1) logger.warn({ err: error }, 'waiting for the database');
      await sleep(START_PAUSE_MS);
      continue;
    }
    try {
      return await migrate(client);
    } finally {
      await client.end();
    }
  }
}
