/** What becomes of parties when processes die, and whether the tables are what the code thinks they are. */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Logger } from '@nestjs/common';
import { readConfig } from '../../apps/control/src/config';
import { Database } from '../../apps/control/src/database/database';
import { migrate } from '../../apps/control/src/database/migrations';
import { refusal, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { collectOutput, end, root, until } from './support/processes';

const connectionTo = (dataDirectory: string): pg.ClientConfig => ({
  host: join(dataDirectory, 'postgres/data'),
  user: 'lanrage',
  database: 'postgres',
});
const postmaster = (dataDirectory: string) => {
  const lockFile = join(dataDirectory, 'postgres/data/postmaster.pid');
  return existsSync(lockFile) ? Number(readFileSync(lockFile, 'utf8').split('\n')[0]) : null;
};

describe('a control plane of its own', () => {
  const main = join(root, 'dist/control.js');
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lanrage-kill-'));
  const children: ChildProcess[] = [];

  const start = async (settings: Record<string, string> = {}) => {
    const environment = {
      LANRAGE_HTTP_PORT: '0',
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_DATA: dataDirectory,
      LANRAGE_LOG_LEVEL: 'info',
      ...settings,
    };
    const child = fork(main, { silent: true, env: { PATH: process.env['PATH'], ...environment } });
    children.push(child);
    const output = collectOutput(child);
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      { ready?: true; url: string } | number,
    ];
    return { child, output, url: typeof message === 'object' ? message.url : null, exitCode: child.exitCode };
  };
  const running = async () => {
    const started = await start();
    if (!started.url) throw new Error(`did not start: ${started.output.stderr}`);
    return { ...started, url: started.url };
  };

  afterEach(async () => {
    for (const child of children.splice(0)) await end(child, 'SIGTERM');
  }, 30_000);
  afterAll(() => rm(dataDirectory, { recursive: true }));

  it('loses no party when it is killed, although PostgreSQL goes on without it', async () => {
    const first = await running();
    const alice = await TestAgent.signIn(first.url);
    const party = await alice.create({ name: 'Gaming Night' });
    const pid = postmaster(dataDirectory);
    await end(first.child, 'SIGKILL');

    const second = await running();
    expect(postmaster(dataDirectory)).toBe(pid);
    const again = Object.assign(new TestAgent(second.url), { token: alice.token });
    expect(await again.get(party.id)).toEqual(party);
  }, 60_000);

  it('loses no party when PostgreSQL is killed with it', async () => {
    const first = await running();
    const alice = await TestAgent.signIn(first.url);
    const party = await alice.create({ name: 'Gaming Night' });
    await end(first.child, 'SIGKILL');
    process.kill(postmaster(dataDirectory) ?? 0, 'SIGKILL');

    const second = await running();
    const again = Object.assign(new TestAgent(second.url), { token: alice.token });
    expect(await again.get(party.id)).toEqual(party);
  }, 60_000);

  it('does not share its data with a second one, and says so', async () => {
    await running();
    const second = await start();
    expect(second.url).toBeNull();
    expect(second.exitCode).toBe(1);
    expect(second.output.stderr).toMatch(/Another LANrage server uses/);
  }, 60_000);

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s, PostgreSQL and all',
    async (signal) => {
      const { child, url, output } = await running();
      const agent = await TestAgent.signIn(url, 'Alice of the logs');
      const connection = await agent.connect();
      await agent.create();
      const pid = postmaster(dataDirectory) ?? 0;
      await end(child, signal);
      connection.close();

      expect(child.exitCode).toBe(0);
      expect(postmaster(dataDirectory)).toBeNull();
      await until('PostgreSQL to be gone', () => !existsSync(`/proc/${pid}/exe`));
      expect(output.stderr).toBe('');
      expect(output.stdout).toMatch(/"route":"\/v1\/parties"/);
      expect(output.stdout).not.toMatch(/Alice of the logs|127\.0\.0\.1:|"ip"|remoteAddress/);
      expect(output.stdout.split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([]);
    },
    60_000,
  );

  it('stops when whoever started it is gone', async () => {
    const { child } = await running();
    const gone = once(child, 'exit');
    child.disconnect();
    expect(await gone).toEqual([0, null]);
    expect(postmaster(dataDirectory)).toBeNull();
  }, 60_000);

  it('names all faults of its settings in one message', async () => {
    const { exitCode, output } = await start({ LANRAGE_HTTP_PORT: 'http', LANRAGE_LIMIT_JOINS: '-1' });
    expect(exitCode).toBe(1);
    expect(output.stderr).toMatch(
      /^These settings are wrong:\n {2}LANRAGE_HTTP_PORT: .+\n {2}LANRAGE_LIMIT_JOINS: .+\n$/,
    );
  });
});

describe('a control plane whose database goes away', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close(), 20_000);

  const health = async () => (await send(control.url, 'GET', '/health')).status;
  const kill = () => process.kill(postmaster(control.dataDirectory) ?? 0, 'SIGKILL');

  it('says so at once, and heals by itself', async () => {
    const agent = await TestAgent.signIn(control.url);
    const connection = await agent.connect();
    try {
      const party = await agent.create();
      kill();
      await until('the loss to be noticed', async () => (await health()) === 503, { intervalMs: 5 });
      const startedMs = performance.now();
      const refused = refusal(await agent.tryCreate());
      // Before the time-out of a statement.
      expect(performance.now() - startedMs).toBeLessThan(5_000);
      expect(refused).toMatchObject({
        status: 503,
        code: 'CONTROL_UNAVAILABLE',
        retryable: true,
        retryAfterSeconds: 2,
      });
      const asked = await connection.ask('party.get', {});
      expect(asked).toMatchObject({ ok: false, error: { code: 'CONTROL_UNAVAILABLE' } });

      await until('the database to be back', async () => (await health()) === 200);
      expect(await connection.ask('party.get', {})).toMatchObject({ ok: true, party: { id: party.id } });
    } finally {
      connection.close();
    }
  }, 30_000);

  it('answers nothing worse than that, whatever it was doing', async () => {
    const agents = await Promise.all(Array.from({ length: 8 }, () => TestAgent.signIn(control.url)));
    const codes = new Set<string>();
    let over = false;
    const busy = agents.map(async (agent) => {
      while (!over) {
        const answer = await agent.tryCreate();
        if (answer.status !== 201) codes.add(refusal(answer).code);
        else await agent.leave((answer.body as { id: string }).id);
      }
    });
    for (let round = 0; round < 2; round++) {
      kill();
      await until('the loss to be noticed', async () => (await health()) === 503, { intervalMs: 5 });
      await until('the database to be back', async () => (await health()) === 200);
    }
    over = true;
    await Promise.all(busy);
    codes.delete('ALREADY_IN_PARTY'); // the answer of the try before was lost
    expect([...codes]).toEqual(['CONTROL_UNAVAILABLE']);
  }, 30_000);
});

describe('the schema', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lanrage-schema-'));
  let database: Database;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await Database.open(readConfig({ LANRAGE_DATA: dataDirectory }));
  }, 60_000);
  afterAll(async () => {
    await database.onApplicationShutdown();
    await rm(dataDirectory, { recursive: true });
  });

  const withClient = async <Result>(use: (client: pg.Client) => Promise<Result>, name = 'postgres') => {
    const client = new pg.Client({ ...connectionTo(dataDirectory), database: name });
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };

  /** Everything that a migration can forget: columns, constraints, indexes. */
  const describeTables = (client: pg.Client) =>
    client.query(`
      SELECT 'column' AS kind, concat_ws(' ', table_name, column_name, data_type, datetime_precision, is_nullable, column_default) AS what
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
      UNION ALL SELECT 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> '_prisma_migrations'::regclass
      UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
      ORDER BY 1, 2`);

  it('is the same in prisma/migrations and in prisma/schema.prisma', async () => {
    const migrated = await withClient(describeTables);
    expect(migrated.rows.length).toBeGreaterThan(20);

    await withClient((client) => client.query('CREATE DATABASE described'));
    const script = execFileSync(process.execPath, [
      join(__dirname, 'support/schema-sql.mjs'),
      join(root, 'prisma/schema.prisma'),
      ...[String(connectionTo(dataDirectory).host), 'lanrage'],
    ]);
    const described = await withClient(async (client) => {
      await client.query(`${script.toString()}; CREATE TABLE _prisma_migrations ()`);
      return describeTables(client);
    }, 'described');
    expect(migrated.rows).toEqual(described.rows);
  });

  it('is brought up to date once, whoever tries', async () => {
    await withClient((client) => client.query('CREATE DATABASE fresh'));
    const applied = await Promise.all([1, 2, 3].map(() => withClient(migrate, 'fresh')));
    expect(applied.flat()).toEqual(applied.find((names) => names.length > 0));
    const { rows } = await withClient(
      (client) =>
        client.query(
          'SELECT checksum, finished_at IS NOT NULL AS finished, applied_steps_count AS steps FROM _prisma_migrations',
        ),
      'fresh',
    );
    expect(rows).toEqual(
      rows.map(() => ({ checksum: expect.stringMatching(/^[0-9a-f]{64}$/), finished: true, steps: 1 })),
    );
  });

  it('knows the creators and the departed of parties from before there were owners', async () => {
    await withClient((client) => client.query('CREATE DATABASE older'));
    const migration = (name: string) =>
      readFileSync(join(root, 'prisma/migrations', name, 'migration.sql'), 'utf8');
    const [parties, leases] = await withClient(async (client) => {
      await client.query(migration('20261123000000_parties'));
      await client.query(`
        INSERT INTO parties (id, name, host_id, max_peers) VALUES ('p', 'LAN', 'bob', 8), ('q', 'LAN', 'carol', 8);
        INSERT INTO leases (party_id, peer_id, slot) VALUES ('p', 'alice', 0), ('p', 'bob', 7), ('q', 'carol', 9);
        INSERT INTO members (peer_id, party_id, name, public_key) VALUES ('bob', 'p', 'Bob', ''), ('carol', 'q', 'Carol', '')`);
      await client.query(migration('20261124000000_party_terms'));
      const owners = await client.query('SELECT id, owner_id FROM parties ORDER BY id');
      return [owners, await client.query('SELECT peer_id, departure FROM leases ORDER BY peer_id')] as const;
    }, 'older');
    expect(parties.rows).toEqual([
      { id: 'p', owner_id: 'alice' },
      { id: 'q', owner_id: 'carol' },
    ]);
    expect(leases.rows).toEqual([
      { peer_id: 'alice', departure: 'left' },
      { peer_id: 'bob', departure: null },
      { peer_id: 'carol', departure: null },
    ]);
  });

  it('serves a control plane that is told of its database', async () => {
    await withClient((client) => client.query('CREATE DATABASE elsewhere'));
    const host = String(connectionTo(dataDirectory).host);
    const control = await TestControl.start({
      DATABASE_URL: `postgres://lanrage@localhost/elsewhere?host=${host}`,
    });
    try {
      const { id } = await (await TestAgent.signIn(control.url)).create();
      const { rows } = await withClient((client) => client.query('SELECT id FROM parties'), 'elsewhere');
      expect(rows).toEqual([{ id }]);
      expect(existsSync(join(control.dataDirectory, 'postgres'))).toBe(false);
    } finally {
      await control.close();
    }
  }, 20_000);

  it('is left alone after a migration that failed half-way', async () => {
    await withClient((client) => client.query('CREATE DATABASE broken'));
    await withClient(migrate, 'broken');
    await withClient((client) => client.query('UPDATE _prisma_migrations SET finished_at = NULL'), 'broken');
    await expect(withClient(migrate, 'broken')).rejects.toThrow(/failed before.*prisma migrate resolve/);
  });
});
