import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../lab/host';
import { prepareDatabase } from './prepared-database';
import { collectOutput, end, root, until } from './processes';

type App = 'control' | 'relay';

const HTTP_PORT = 8080;
export const LAB_SECRET = 'the lab keeps no secrets';
export const RELAY_PORTS = { first: 52_000, last: 52_063 };

/** The compiled server on a lab host: control plane with embedded PostgreSQL, relay and STUN. */
export class LabServer {
  readonly url: string;
  /** From its own machine. */
  readonly localUrl = `http://127.0.0.1:${HTTP_PORT}`;
  private readonly running = new Map<App, ChildProcess>();
  private readonly outputs: { stdout: string; stderr: string }[] = [];

  private constructor(
    readonly host: Host,
    private readonly data: string,
    private readonly settings: NodeJS.ProcessEnv,
  ) {
    this.url = `http://${host.address}:${HTTP_PORT}`;
  }

  static async start(host: Host, settings: NodeJS.ProcessEnv = {}): Promise<LabServer> {
    const server = await LabServer.startControl(host, settings);
    await server.startApp('relay');
    // Each look is a program that starts.
    const patience = { timeoutMs: 30_000, intervalMs: 200 };
    await until('the relay is known to the control plane', () => server.knowsRelay(), patience);
    return server;
  }

  /** The control plane alone. */
  static async startControl(host: Host, settings: NodeJS.ProcessEnv = {}): Promise<LabServer> {
    const data = await mkdtemp(join(tmpdir(), 'lanrage-server-'));
    await prepareDatabase(data);
    const server = new LabServer(host, data, {
      LANRAGE_DATA: data,
      LANRAGE_HTTP_PORT: String(HTTP_PORT),
      LANRAGE_PUBLIC_ADDRESS: host.address,
      LANRAGE_RELAY_PORTS: `${RELAY_PORTS.first}-${RELAY_PORTS.last}`,
      LANRAGE_RELAY_SECRET: LAB_SECRET,
      LANRAGE_CONTROL_URL: `http://127.0.0.1:${HTTP_PORT}`,
      LANRAGE_LOG_LEVEL: 'debug',
      ...settings,
    });
    await server.startApp('control');
    return server;
  }

  async startApp(app: App): Promise<void> {
    const child = this.host.spawn([process.execPath, join(root, `dist/${app}.js`)], {
      env: this.settings,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = collectOutput(child);
    this.outputs.push(output);
    this.running.set(app, child);
    await new Promise<void>((resolve, reject) => {
      child.on('message', () => resolve());
      child.on('exit', (code) =>
        reject(new Error(`${app} ended with ${code}: ${output.stdout}${output.stderr}`)),
      );
    });
  }

  async killApp(app: App, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await end(this.running.get(app), signal);
    this.running.delete(app);
  }

  async stop(): Promise<void> {
    await this.killApp('relay', 'SIGTERM');
    await this.killApp('control', 'SIGTERM');
    await rm(this.data, { recursive: true, force: true });
  }

  /** All that both apps have printed so far. */
  get logs(): string {
    return this.outputs.map(({ stdout, stderr }) => stdout + stderr).join('');
  }

  private async knowsRelay(): Promise<boolean> {
    const ask = `fetch('${this.url}/v1/server').then((answer) => answer.text()).then(console.log)`;
    const { stdout } = await this.host.exec([process.execPath, '-e', ask], { timeoutMs: 15_000 });
    return stdout.includes('"relays":[{');
  }
}
