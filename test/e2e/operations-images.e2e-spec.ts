/** The images' folders, without an engine: do the apps start from what the Dockerfile puts there, as it starts them? */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pg from 'pg';
import { describeLab, isBpfKernel } from '../lab/available';
import { TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { command, filesWithCapabilities, makeImage } from './support/image';
import { itWith } from './support/programs';
import { collectOutput, end, until } from './support/processes';

const SECRET = 'a secret that is long enough';
const PATH = process.env['PATH'] ?? '';

const folders: string[] = [];
const children: ChildProcess[] = [];

function image(name: 'control' | 'relay'): string {
  const folder = mkdtempSync(join(tmpdir(), `lanrage-image-${name}-`));
  chmodSync(folder, 0o755);
  folders.push(folder);
  makeImage(name, folder);
  return folder;
}

function run(program: string, args: string[], options: { cwd: string; env: Record<string, string> }) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return { child, output: collectOutput(child) };
}

afterEach(async () => {
  for (const child of children.splice(0)) await end(child, 'SIGTERM');
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
}, 30_000);

describe('the image of the control plane', () => {
  let control: TestControl;
  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());

  it('brings up its database, serves players and is healthy, and writes nothing', async () => {
    const host = join(control.dataDirectory, 'postgres/data');
    const client = new pg.Client({ host, user: 'lanrage', database: 'postgres' });
    await client.connect();
    await client.query('CREATE DATABASE image');
    await client.end();
    const cwd = image('control');
    const before = readdirSync(cwd).sort();
    const env = {
      PATH,
      DATABASE_URL: `postgres://lanrage@localhost/image?host=${encodeURIComponent(host)}`,
      LANRAGE_DATA: join(cwd, 'data'),
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_HTTP_PORT: '21990',
      LANRAGE_TOKEN_SECRET: SECRET,
      LANRAGE_RELAY_SECRET: SECRET,
      LANRAGE_ADMIN_TOKEN: 'a-token-that-is-long-enough-for-administration',
    };
    const [, ...check] = command('control', 'HEALTHCHECK');
    const isHealthy = () => spawnSync(process.execPath, check, { cwd, env }).status === 0;
    expect(isHealthy()).toBe(false);

    const [, ...start] = command('control', 'CMD');
    const { child, output } = run(process.execPath, start, { cwd, env });
    await until(`health; ${output.stderr}`, () => isHealthy() || child.exitCode !== null, {
      intervalMs: 300,
    });
    const alice = await TestAgent.signIn('http://127.0.0.1:21990');
    expect(await alice.create({ name: 'Container' })).toMatchObject({ name: 'Container' });
    expect(output.stdout).toContain('database schema brought up to date');
    // Reached by a link on the path, as in the image.
    const link = `${cwd}-admin`;
    symlinkSync(join(cwd, 'bin/lanrage-admin.mjs'), link);
    folders.push(link);
    const listed = spawnSync(link, ['parties', 'list'], {
      env: { ...env, LANRAGE_SERVER: 'http://127.0.0.1:21990' },
      encoding: 'utf8',
    });
    expect([listed.stdout, listed.stderr]).toEqual([expect.stringContaining('Container'), '']);
    await end(child, 'SIGTERM');
    expect([child.exitCode, output.stderr]).toEqual([0, '']);
    expect(readdirSync(cwd).sort()).toEqual(before);
    expect(existsSync(join(cwd, 'node_modules/prisma'))).toBe(false);
  }, 60_000);

  it('asks for a database where none is set', () => {
    const cwd = image('control');
    const env = { PATH, LANRAGE_DATA: join(cwd, 'data'), LANRAGE_HTTP_PORT: '0' };
    const [, ...start] = command('control', 'CMD');
    const { status, stderr } = spawnSync(process.execPath, start, { cwd, env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^error POSTGRES_MISSING: PostgreSQL .* Set DATABASE_URL/),
    ]);
  }, 60_000);
});

describeLab('the image of the relay', () => {
  const capabilityTest = itWith('setcap', '-h', 'libcap2-bin');

  /** As Docker runs it: not root, and of all capabilities at most those that a file may give. */
  const contained = (bounding: string) => [
    'setpriv',
    '--reuid=1000',
    '--regid=1000',
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=${bounding}`,
  ];

  const start = async (bounding: string) => {
    const cwd = image('relay');
    mkdirSync(join(cwd, 'sbin'));
    for (const { file, capabilities } of filesWithCapabilities('relay')) {
      const program = basename(file);
      const which = `readlink -f "$(command -v ${program})"`;
      const installed = execFileSync('sh', ['-c', which], { encoding: 'utf8' }).trim();
      copyFileSync(installed, join(cwd, 'sbin', program));
      execFileSync('setcap', [capabilities, join(cwd, 'sbin', program)]);
    }
    const env = {
      PATH: `${join(cwd, 'sbin')}:${PATH}`,
      LANRAGE_RELAY_SECRET: SECRET,
      LANRAGE_PUBLIC_ADDRESS: '127.0.0.1',
      LANRAGE_RELAY_BIND: '127.0.0.1',
    };
    const [, ...main] = command('relay', 'CMD');
    const network = [
      'ip link set lo up',
      'ip link add eth0 type veth peer name far',
      'ip address add 192.0.2.1/24 dev eth0',
      'ip address add 192.0.2.3/24 dev eth0 label eth0:1',
      'ip link set eth0 up && ip link set far up',
      'mount -t sysfs sysfs /sys',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
      'exec "$@"',
    ].join(' && ');
    const node = join(cwd, 'sbin/node');
    const args = ['--net', '--mount', 'sh', '-c', network, 'sh', ...contained(bounding), node, ...main];
    const { child, output } = run('unshare', args, { cwd, env });
    await until(
      'the relay listens',
      () => output.stdout.includes('relay listening') || child.exitCode !== null,
    );
    const [, ...check] = command('relay', 'HEALTHCHECK');
    const health = spawnSync('nsenter', [`--target=${child.pid}`, '--net', process.execPath, ...check], {
      cwd,
      env,
    });
    return { child, output, healthy: health.status === 0, cwd };
  };

  capabilityTest.each([
    ...(isBpfKernel ? [['BPF', '-all,+net_admin,+bpf'] as const] : []),
    ['nftables', '-all,+net_admin'] as const,
  ])(
    'has the fast path by %s without being root, and is healthy without the control plane',
    async (by, bounding) => {
      const { child, output, healthy, cwd } = await start(bounding);
      expect([output.stderr, healthy]).toEqual(['', true]);
      expect(output.stdout).toMatch(new RegExp(`"by":"${by}".*kernel fast path ready`));
      expect(output.stdout).not.toContain('forwarding one datagram at a time');
      expect(existsSync(join(cwd, 'node_modules/@nestjs'))).toBe(false);
      await end(child, 'SIGTERM');
      expect(child.exitCode).toBe(0);
    },
    60_000,
  );

  capabilityTest(
    'goes on in user space where NET_ADMIN was not given',
    async () => {
      const { output, healthy } = await start('-all');
      expect([output.stderr, healthy]).toEqual(['', true]);
      expect(output.stdout).toMatch(
        /needs CAP_BPF and CAP_NET_ADMIN.*needs nft and CAP_NET_ADMIN.*no kernel fast path/,
      );
    },
    60_000,
  );
});
