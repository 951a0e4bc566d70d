/** What `npm start` runs: the launcher with control plane and relay as its children, which a signal can freeze. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../fixtures/free-port';
import { collectOutput, end, root, until } from './processes';

export type App = 'control' | 'relay';

const RELAY_PORTS = 4;
const START_TIMEOUT_MS = 120_000;

export class LaunchedServer {
  private constructor(
    private readonly launcher: ChildProcess,
    private readonly data: string,
    private readonly healthPorts: Readonly<Record<App, number>>,
    readonly output: { readonly stdout: string; readonly stderr: string },
  ) {}

  /** @param settings for launcher and apps */
  static async start(settings: Record<string, string> = {}): Promise<LaunchedServer> {
    const data = mkdtempSync(join(tmpdir(), 'lanrage-launched-'));
    const [control, relay, firstRelayPort] = [await freePort(), await freePort(), await freePort()];
    const launcher = spawn(process.execPath, [join(root, 'scripts/start.mjs')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_OPTIONS: `--require ${join(__dirname, 'block-on-signal.cjs')}`,
        PIDS: data,
        LANRAGE_DATA: join(data, 'server'),
        LANRAGE_HTTP_BIND: '127.0.0.1',
        LANRAGE_HTTP_PORT: String(control),
        LANRAGE_PUBLIC_ADDRESS: '127.0.0.1',
        LANRAGE_RELAY_PORTS: `${firstRelayPort}-${firstRelayPort + RELAY_PORTS - 1}`,
        LANRAGE_RELAY_METRICS_PORT: String(relay),
        LANRAGE_RELAY_FAST_PATH: 'off',
        LANRAGE_STUN_PORT: '0',
        ...settings,
      },
    });
    const server = new LaunchedServer(launcher, data, { control, relay }, collectOutput(launcher));
    const isUp = () => server.output.stdout.includes('LANrage is running');
    await until('the server runs', isUp, { timeoutMs: START_TIMEOUT_MS });
    return server;
  }

  /** The event loop of the app stands still from now on. @returns the process that does */
  freeze(app: App): number {
    const pid = this.pidOf(app);
    process.kill(pid, 'SIGUSR2');
    return pid;
  }

  /** The process of the app that was started last. */
  pidOf(app: App): number {
    return Number(readFileSync(join(this.data, app), 'utf8'));
  }

  async isWell(app: App): Promise<boolean> {
    const url = `http://127.0.0.1:${this.healthPorts[app]}/health`;
    return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** As Ctrl-C does. @returns the exit code of the launcher */
  async stop(): Promise<number | null> {
    await end(this.launcher, 'SIGINT');
    await rm(this.data, { recursive: true, force: true });
    return this.launcher.exitCode;
  }
}
