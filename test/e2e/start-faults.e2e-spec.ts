/** What keeps a server from starting is told in one line, with a code, the port or folder, and what to do. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { chmod, chown, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptSecret } from '../../apps/control/src/util/files';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { freePort } from '../fixtures/free-port';
import { describeLab } from '../lab/available';
import { prepareDatabase } from './support/prepared-database';
import { collectOutput, root, until } from './support/processes';

const run = promisify(execFile);
const loopback = '127.0.0.1';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanrage-start-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a program that is to end by itself. @returns the lines on stderr */
async function complaint(command: readonly string[], settings: Record<string, string>): Promise<string[]> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      LANRAGE_DATA: join(folder, 'data'),
      LANRAGE_HTTP_BIND: loopback,
      LANRAGE_HTTP_PORT: '0',
      LANRAGE_PUBLIC_ADDRESS: loopback,
      LANRAGE_RELAY_BIND: loopback,
      LANRAGE_RELAY_SECRET: 'a secret of this test alone',
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_RELAY_METRICS_PORT: '0',
      LANRAGE_STUN_PORT: '0',
      LANRAGE_CONTROL_URL: 'http://127.0.0.1:9',
      ...settings,
    },
  });
  const output = collectOutput(child);
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(1);
  return output.stderr.trim().split('\n');
}

const main = (app: 'control' | 'relay') => [process.execPath, join(root, `dist/${app}.js`)];

async function withTcpPort<Result>(use: (port: number) => Promise<Result>): Promise<Result> {
  const squatter = createServer().listen(0, loopback);
  await once(squatter, 'listening');
  try {
    return await use((squatter.address() as AddressInfo).port);
  } finally {
    squatter.close();
  }
}

const launcher = [process.execPath, join(root, 'scripts/start.mjs')];

describe('wrong settings', () => {
  it('of control plane and relay are named together by npm start', async () => {
    const lines = await complaint(launcher, {
      LANRAGE_HTTP_PORT: '99999',
      LANRAGE_TRUST_PROXY: 'yes',
      LANRAGE_RELAY_PORTS: '52000',
      LANRAGE_RELAY_METRICS_BIND: 'here',
    });
    expect(lines[0]).toBe('These settings are wrong:');
    const named = lines.slice(1).map((line) => /^ {2}(LANRAGE_\w+): /.exec(line)?.[1]);
    const wrong = ['HTTP_PORT', 'TRUST_PROXY', 'RELAY_PORTS', 'RELAY_METRICS_BIND'].map(
      (name) => `LANRAGE_${name}`,
    );
    expect(new Set(named)).toEqual(new Set(wrong));
  }, 60_000);

  it('that are misspelt are told, with the name that was meant', async () => {
    const misspelt = { LANRAGE_PUBLC_ADDRESS: loopback, LANRAGE_TRUST_PROXY: 'yes' };
    const [first] = await complaint(launcher, misspelt);
    expect(first).toBe(
      'LANRAGE_PUBLC_ADDRESS is no setting of LANrage; LANRAGE_PUBLIC_ADDRESS is. It has no effect.',
    );
  }, 60_000);
});

describe('a port that somebody else has', () => {
  it(
    "is named, if it is the control plane's",
    () =>
      withTcpPort(async (port) => {
        const lines = await complaint(main('control'), {
          LANRAGE_HTTP_PORT: String(port),
          DATABASE_URL: '',
        });
        expect(lines).toEqual([
          `error PORT_IN_USE: Another program uses TCP port ${port} of ${loopback}. Stop it, or set LANRAGE_HTTP_PORT to another port.`,
        ]);
      }),
    60_000,
  );

  it(
    "is named, if it is that of the relay's metrics",
    () =>
      withTcpPort(async (port) => {
        expect(await complaint(main('relay'), { LANRAGE_RELAY_METRICS_PORT: String(port) })).toEqual([
          `error PORT_IN_USE: Another program uses TCP port ${port} of ${loopback}. Stop it, or set LANRAGE_RELAY_METRICS_PORT to another port.`,
        ]);
      }),
    30_000,
  );

  it.each(['LANRAGE_STUN_PORT', 'LANRAGE_STUN_ALTERNATE_PORT'])(
    'is named, if it is that of %s',
    async (setting) => {
      const squatter = await bindUdp(loopback, 0);
      try {
        const { port } = squatter.address();
        const other = await freePort();
        const settings = { LANRAGE_STUN_PORT: String(other), [setting]: String(port) };
        expect(await complaint(main('relay'), settings)).toEqual([
          `error PORT_IN_USE: Another program uses UDP port ${port} of ${loopback}. Stop it, or set ${setting} to another port.`,
        ]);
      } finally {
        await closeUdp(squatter);
      }
    },
    30_000,
  );
});

describe('a secret that is made at the first start', () => {
  it('is one, however many ask for it at once', async () => {
    for (let round = 0; round < 20; round++) {
      const data = join(folder, `first-${round}`);
      const asked = await Promise.all(Array.from({ length: 4 }, () => keptSecret(data, 'token-secret')));
      expect(new Set(asked)).toEqual(new Set([await readFile(join(data, 'token-secret'), 'utf8')]));
    }
  });
});

describe('a secret that was cut short', () => {
  it.each(['', '3f9a01'])(
    'is named, as everybody could guess it: "%s"',
    async (text) => {
      const data = await mkdtemp(join(folder, 'cut-'));
      await writeFile(join(data, 'token-secret'), text);
      const lines = await complaint(main('control'), {
        LANRAGE_DATA: data,
        DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
      });
      expect(lines.join('\n')).toContain(
        `error DATA_FILE_DAMAGED: ${join(data, 'token-secret')} holds no secret`,
      );
    },
    60_000,
  );
});

describe('a start that fails when PostgreSQL runs', () => {
  it('stops it', async () => {
    const data = await mkdtemp(join(folder, 'stops-'));
    const secret = join(data, 'token-secret');
    const lock = join(data, 'postgres/data/postmaster.pid');
    await prepareDatabase(data);
    // Its readers wait until something is written, and the fault comes when the database is there.
    await run('mkfifo', [secret]);
    const told = complaint(main('control'), { LANRAGE_DATA: data, DATABASE_URL: '' });
    await until('PostgreSQL runs', () => existsSync(lock), { timeoutMs: 30_000 });
    await rename(secret, join(data, 'fifo'));
    await writeFile(secret, 'cut short');
    const waiting = await open(join(data, 'fifo'), constants.O_WRONLY | constants.O_NONBLOCK);
    await waiting.writeFile('cut short');
    await waiting.close();
    expect((await told).join('\n')).toContain('error DATA_FILE_DAMAGED');
    // It takes this file away when it stops.
    expect(existsSync(lock)).toBe(false);
  }, 60_000);
});

describeLab('a user whom the system does not list', () => {
  it('is told that PostgreSQL needs one that it does', async () => {
    const data = await mkdtemp(join(folder, 'unlisted-'));
    await Promise.all([chmod(folder, 0o755), chown(data, 54_321, 54_321)]);
    const asNobody = ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups'];
    const lines = await complaint([...asNobody, ...main('control')], {
      LANRAGE_DATA: data,
      DATABASE_URL: '',
    });
    expect(lines.join('\n')).toContain('error USER_UNKNOWN: PostgreSQL runs only for a user with a name');
  }, 60_000);
});

describeLab('a data folder on a disk that is too small for a database', () => {
  it('is named', async () => {
    const script = `mount -t tmpfs -o size=8m none ${folder} && exec "$@"`;
    const start = ['unshare', '--mount', 'sh', '-c', script, 'sh', ...main('control')];
    const lines = await complaint(start, { LANRAGE_DATA: `${folder}/data`, DATABASE_URL: '' });
    expect(lines).toEqual([
      `error DATA_FOLDER_NOT_WRITABLE: ${folder}/data/postgres is on a disk that is full. Make room, or set LANRAGE_DATA to another folder.`,
    ]);
  }, 60_000);
});

describeLab("a file of somebody else's in the data folder", () => {
  it.each(['token-secret', 'postgres'])(
    'is named: %s',
    async (name) => {
      const data = await mkdtemp(join(folder, 'foreign-'));
      await Promise.all([chmod(folder, 0o755), chown(data, 54_321, 54_321)]);
      // As `sudo npm start` leaves it.
      if (name === 'postgres') await mkdir(join(data, name), { mode: 0o700 });
      else await writeFile(join(data, name), '0'.repeat(64), { mode: 0o600 });
      const asOther = ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups'];
      const mounts = 'mount --bind "$0" /etc/passwd && exec "$@"';
      const passwd = join(data, 'passwd');
      await writeFile(passwd, 'root:x:0:0::/root:/bin/sh\nother:x:54321:54321::/nonexistent:/bin/sh\n');
      const start = ['unshare', '--mount', 'sh', '-c', mounts, passwd, ...asOther, ...main('control')];
      const databaseUrl = name === 'postgres' ? '' : 'postgres://nobody@127.0.0.1:9/none';
      const lines = await complaint(start, { LANRAGE_DATA: data, DATABASE_URL: databaseUrl });
      expect(lines).toEqual([
        `error DATA_FOLDER_NOT_WRITABLE: ${join(data, name)} is not writable for this user. Give it to the user that runs the server, or set LANRAGE_DATA to another folder.`,
      ]);
    },
    60_000,
  );
});

describeLab('a data folder on a read-only disk', () => {
  it.each(['', '/deep/below'])(
    'is named by npm start: it itself%s',
    async (below) => {
      const script = `mount -t tmpfs -o ro,size=64k none ${folder} && exec "$@"`;
      const start = ['unshare', '--mount', 'sh', '-c', script, 'sh', ...launcher];
      const lines = await complaint(start, {
        LANRAGE_DATA: `${folder}${below}`,
      });
      expect(lines).toEqual([
        `error DATA_FOLDER_NOT_WRITABLE: ${folder}${below} is on a read-only disk. Mount it for writing, or set LANRAGE_DATA to another folder.`,
        'control could not start (1). The lines above say why.',
      ]);
    },
    60_000,
  );
});
