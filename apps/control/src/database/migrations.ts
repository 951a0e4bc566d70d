/**
 * Applies prisma/migrations the way `prisma migrate deploy` does, which needs an engine that cannot be had everywhere.
 * History is kept in Prisma's own table, in Prisma's form, so that both can take turns on one database.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { findUpwards } from '../util/files';
import { StartError } from '../util/start-error';

/** The key that Prisma's own migrations take. */
const ADVISORY_LOCK = 72_707_369;

const HISTORY_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * Brings the database up to date, each migration in a transaction of its own. Servers that start at once take turns.
 *
 * @param client of its own, to be closed afterwards: after a failure, the lock goes with the connection
 * @returns the names of the migrations that were missing
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  const migrations = await readMigrations(findUpwards(__dirname, 'prisma/migrations'));
  await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
  await client.query(HISTORY_TABLE);
  const applied = await appliedMigrations(client);
  const missing = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of missing) await apply(client, migration);
  await client.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK]);
  return missing.map(({ name }) => name);
}

async function appliedMigrations(client: ClientBase): Promise<Set<string>> {
  const { rows } = await client.query<{ migration_name: string; finished_at: Date | null }>(
    'SELECT migration_name, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const failed = rows.find((row) => row.finished_at === null);
  if (failed) {
    throw new StartError(
      `error MIGRATION_FAILED: The migration ${failed.migration_name} failed before. Repair the database, then run: prisma migrate resolve`,
    );
  }
  return new Set(rows.map((row) => row.migration_name));
}

async function apply(client: ClientBase, { name, sql }: Migration): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex');
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names
      .sort()
      .map(async (name) => ({ name, sql: await readFile(join(directory, name, 'migration.sql'), 'utf8') })),
  );
}
