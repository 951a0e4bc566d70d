/** `npm start` for the person who typed it: what is on the terminal, and Ctrl-C at any moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../fixtures/free-port';
import { collectOutput, end, root, until } from './support/processes';
import { itWith } from './support/programs';
import { Terminal } from './support/terminal';

const launcher = join(root, 'scripts/start.mjs');
const RELAY_PORTS = 4;

describe('npm start', () => {
  let data: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'lanrage-launcher-'));
    const [port, firstRelayPort] = [await freePort(), await freePort()];
    environment = {
      PATH: process.env['PATH'],
      TERM: 'xterm',
      LANRAGE_DATA: join(data, 'server'),
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_HTTP_PORT: String(port),
      LANRAGE_PUBLIC_ADDRESS: '127.0.0.1',
      LANRAGE_RELAY_PORTS: `${firstRelayPort}-${firstRelayPort + RELAY_PORTS - 1}`,
      LANRAGE_RELAY_METRICS_PORT: '0',
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_STUN_PORT: '0',
    };
  });

  afterAll(() => rm(data, { recursive: true, force: true }));

  it('is stopped by Ctrl-C while it starts, too, and starts nothing more', async () => {
    const child = spawn(process.execPath, [launcher], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = collectOutput(child);
    try {
      await until('the control plane starts', () => output.stdout.includes('"starting"'), {
        timeoutMs: 60_000,
      });
      child.kill('SIGINT');
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code).toBe(0);
      expect(output.stderr).not.toMatch(/could not start|Error/);
      expect(output.stdout).not.toMatch(/relay listening|LANrage is running/);
    } finally {
      await end(child, 'SIGKILL');
    }
  }, 120_000);

  itWith('script', '--version', 'bsdutils')(
    'ends what it has to say on a terminal with what players type',
    async () => {
      const terminal = Terminal.open(`${process.execPath} ${launcher}`, environment, {
        columns: 120,
        rows: 40,
      });
      try {
        const { output } = terminal;
        await until('it runs', () => output.stdout.includes('Ctrl-C stops it'), { timeoutMs: 60_000 });
        expect(await terminal.interrupt()).toBe(0);
        const [before = '', after = ''] = output.stdout.split('LANrage is running.');
        expect(before).toMatch(/relay listening[^]*control connected/);
        // An event is a line, without the settings.
        expect(before.trim().split('\n').length).toBeLessThan(15);
        expect(after.split('^C')[0]).not.toMatch(/INFO|WARN/);
      } finally {
        await end(terminal.child, 'SIGKILL');
      }
    },
    120_000,
  );
});
