/** Whatever is sent to the control plane, it answers; see test/fuzz/control. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzzControl } from '../fuzz/control/campaign';
import { routes } from '../fuzz/control/routes';
import { send } from './support/control-agent';
import { TestControl } from './support/control-app';
import { root, until } from './support/processes';

describe('messages made from the schemas', () => {
  it('are answered, up to 10,000 of them in a minute, and never with an error of the server', async () => {
    const { answers, failure } = await fuzzControl({ runs: 10_000, seed: 11, seconds: 60 });
    expect(failure).toBeNull();
    // Without these it never got past the doors.
    const deep = [
      'ok',
      '200',
      '201',
      '204',
      'NOT_HOST',
      'PARTY_NOT_FOUND',
      'ALREADY_IN_PARTY',
      'INVALID_REQUEST',
      'report taken',
      'relay let in',
      'RELAY_SECRET_WRONG',
    ];
    expect([...answers.keys()]).toEqual(expect.arrayContaining(deep));
  }, 120_000);

  it('leave nothing behind when a signal ends them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lanrage-fuzz-'));
    await chmod(folder, 0o755); // PostgreSQL runs as a user of its own when we are root
    const args = [join(root, 'scripts/fuzz.mjs'), 'control', '--runs', '100000'];
    const fuzzer = spawn(process.execPath, args, { env: { ...process.env, TMPDIR: folder } });
    const exited = once(fuzzer, 'exit');
    const runsDatabase = async () =>
      (await readdir(folder, { recursive: true })).some((name) => name.endsWith('postmaster.pid'));
    await until('PostgreSQL runs', runsDatabase, { timeoutMs: 60_000 });
    fuzzer.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  }, 90_000);

  it('go to every route that the server describes', async () => {
    const control = await TestControl.start();
    const { body } = await send(control.url, 'GET', '/docs-json');
    await control.close();
    const { paths } = body as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const fuzzed = routes.map(({ method, path }) => `${method} ${path}`);
    expect(fuzzed).toEqual(expect.arrayContaining(described));
    expect(described.length).toBeGreaterThan(25);
  }, 60_000);
});
