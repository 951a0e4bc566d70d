import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../fixtures/free-port';
import type { App } from './support/launched-server';
import { collectOutput, end, root } from './support/processes';

/** The watchdog takes 10 s, and 6 s for its words; a busy machine takes longer for anything. */
const PATIENCE_MS = 40_000;

/** Both at a time: each test mostly waits. What `npm start` does then, the attack "frozen server" shows. */
const apps = ['control', 'relay'] as const;

describe('a control plane and a relay whose event loops stand still', () => {
  const data = mkdtempSync(join(tmpdir(), 'lanrage-watchdog-'));
  const children: ChildProcess[] = [];
  const start = async (app: App, settings: Record<string, string> = {}) => {
    const child = await startApp(app, join(data, app), settings);
    children.push(child);
    return child;
  };

  afterEach(() => Promise.all(children.splice(0).map((child) => end(child, 'SIGKILL'))));
  afterAll(() => rm(data, { recursive: true, force: true }));

  it('end themselves, and say where they stood', async () => {
    const frozen = await Promise.all(apps.map(async (app) => freeze(await start(app))));
    for (const { stderr, signal } of frozen) {
      expect(signal).toBe('SIGKILL');
      expect(stderr).toMatch(
        /watchdog: the event loop stood still for 10 s[^]*at blockForGood \(.*block-on-signal\.cjs:\d+:\d+\)/,
      );
    }
  }, 120_000);

  it('end themselves in a system call, too, and say so', async () => {
    const frozen = await Promise.all(apps.map(async (app) => freeze(await start(app, { BLOCK: 'native' }))));
    for (const { stderr, signal } of frozen) {
      expect(signal).toBe('SIGKILL');
      expect(stderr).toMatch(/watchdog: [^]*in native code, or in the kernel: \S+/);
    }
  }, 120_000);

  it('live on after a pause of the whole process that was longer', async () => {
    const paused = await Promise.all(apps.map((app) => start(app)));
    for (const child of paused) child.kill('SIGSTOP');
    await sleep(12_000);
    for (const child of paused) child.kill('SIGCONT');
    await sleep(3_000);
    for (const { exitCode, signalCode } of paused) expect([exitCode, signalCode]).toEqual([null, null]);
  }, 120_000);
});

async function startApp(
  app: App,
  data: string,
  settings: Record<string, string> = {},
): Promise<ChildProcess> {
  const preload = join(__dirname, 'support/block-on-signal.cjs');
  const relayPort = await freePort();
  const child = spawn(process.execPath, ['--require', preload, join(root, `dist/${app}.js`)], {
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      LANRAGE_DATA: data,
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_HTTP_PORT: '0',
      LANRAGE_CONTROL_URL: 'http://127.0.0.1:9',
      LANRAGE_PUBLIC_ADDRESS: '127.0.0.1',
      LANRAGE_RELAY_SECRET: 'the secret of this test',
      LANRAGE_RELAY_PORTS: `${relayPort}-${relayPort + 3}`,
      LANRAGE_RELAY_METRICS_PORT: '0',
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_STUN_PORT: '0',
      ...settings,
    },
  });
  await once(child, 'message', { signal: AbortSignal.timeout(60_000) });
  return child;
}

async function freeze(child: ChildProcess): Promise<{ stderr: string; signal: NodeJS.Signals | null }> {
  const output = collectOutput(child);
  const gone = once(child, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  child.kill('SIGUSR2');
  await gone;
  return { stderr: output.stderr, signal: child.signalCode };
}
