import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Host } from '../../lab/host';
import { LAB_SECRET } from './lab-server';
import { collectOutput, end, root, until } from './processes';

/** The compiled relay alone on a lab host, with the settings that README asks for and no others. */
export class LabRelay {
  private readonly output: { stdout: string; stderr: string };

  private constructor(
    readonly host: Host,
    private readonly child: ChildProcess,
  ) {
    this.output = collectOutput(child);
  }

  static async start(host: Host, controlUrl: string): Promise<LabRelay> {
    const child = host.spawn([process.execPath, join(root, 'dist/relay.js')], {
      env: {
        LANRAGE_CONTROL_URL: controlUrl,
        LANRAGE_RELAY_SECRET: LAB_SECRET,
        LANRAGE_PUBLIC_ADDRESS: host.address,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const relay = new LabRelay(host, child);
    await until(`the relay on ${host.name} is connected`, () =>
      relay.output.stdout.includes('control connected'),
    );
    return relay;
  }

  /** How many pairs it has open. */
  async pairs(): Promise<number> {
    const ask = `fetch('http://127.0.0.1:9101/health').then((answer) => answer.text()).then(console.log)`;
    const { stdout } = await this.host.exec([process.execPath, '-e', ask], { timeoutMs: 3000 });
    return (JSON.parse(stdout) as { pairs: number }).pairs;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when it has ended by itself. @returns its exit code */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  async stop(): Promise<void> {
    await end(this.child, 'SIGINT');
  }

  get logs(): string {
    return this.output.stdout + this.output.stderr;
  }
}
