import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openAnswerSchema } from '#shared/api/relay-link';
import type { PublicKey } from '#shared/wireguard/key';
import type { Host } from '../../lab/host';
import { end, root } from './processes';

const controlPort = 8080;
const metricsPort = 9101;

/** The compiled relay on a lab host, beside a control plane that does what a test says. */
export class StubbedRelay {
  private relay: ChildProcess | undefined;

  private constructor(
    private readonly host: Host,
    private readonly control: ChildProcess,
  ) {}

  /** The control plane alone. */
  static async prepare(host: Host): Promise<StubbedRelay> {
    const file = join(root, 'test/e2e/control-stub.mjs');
    const control = host.spawn([process.execPath, file, String(controlPort)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(control, 'message');
    return new StubbedRelay(host, control);
  }

  /** @returns its STUN endpoints */
  async start(settings: NodeJS.ProcessEnv): Promise<string[]> {
    const announced = this.heard('name', 'pairs.announce');
    const child = this.host.spawn([process.execPath, join(root, 'dist/relay.js')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        LANRAGE_RELAY_SECRET: 'the-secret-of-this-test',
        LANRAGE_CONTROL_URL: `http://127.0.0.1:${controlPort}`,
        LANRAGE_LOG_LEVEL: 'error',
        ...settings,
      },
    });
    this.relay = child;
    const [ready] = (await once(child, 'message')) as [{ stunEndpoints: string[] }];
    await announced;
    return ready.stunEndpoints;
  }

  async stop(): Promise<void> {
    await end(this.relay, 'SIGKILL');
  }

  /** The next report of this name. */
  async reported(name: string): Promise<unknown> {
    return (await this.heard('name', name))['report'];
  }

  /** Opens a pair. @returns its port */
  async open(pairId: string, players: readonly PublicKey[]): Promise<number> {
    const answered = this.heard('answer');
    const pairs = [{ pairId, players: [...players].sort(), preferredPort: null }];
    this.control.send({ request: 1, name: 'pairs.open', command: { pairs } });
    const [opened] = openAnswerSchema.parse((await answered)['answer']).results;
    if (!opened || !('port' in opened)) throw new Error('The relay opened no pair');
    return opened.port;
  }

  /** How many datagrams the kernel has forwarded, as the relay's metrics say. */
  async kernelPackets(): Promise<number> {
    const script = `fetch('http://127.0.0.1:${metricsPort}/metrics').then((answer) => answer.text()).then(console.log)`;
    const { stdout } = await this.host.exec([process.execPath, '-e', script]);
    return Number(/^lanrage_relay_kernel_packets_total(?:\{.*\})? (\d+)/m.exec(stdout)?.[1]);
  }

  /** The next message of the control plane with this field, of this value if one is given. */
  private async heard(field: string, value?: unknown): Promise<Record<string, unknown>> {
    for (;;) {
      const [message] = (await once(this.control, 'message')) as [Record<string, unknown>];
      if (field in message && (value === undefined || message[field] === value)) return message;
    }
  }
}
