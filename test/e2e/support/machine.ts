import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '#shared/auth/proof';
import { identifyProcess } from '../../../apps/client/src/process-identity';
import type { Exposure } from '../../../apps/client/src/network/guard/exposure';
import type { Host } from '../../lab/host';
import { end } from './processes';

const LISTEN_PORT = 51_000;

/** A machine with a NetworkManager, in a process of its own that can be killed. */
export class Machine {
  readonly privateKey = randomBytes(32);
  readonly publicKey = publicKeyOf(this.privateKey);
  readonly events: { event: string; virtualIp?: string }[] = [];
  private child: ChildProcess | undefined;

  private constructor(
    readonly host: Host,
    readonly home: string,
    readonly virtualIp: string,
  ) {}

  static async start(host: Host, virtualIp: string): Promise<Machine> {
    const machine = new Machine(host, await mkdtemp(join(tmpdir(), 'lanrage-network-')), virtualIp);
    await machine.startDriver();
    return machine;
  }

  /** @param wrapper a command that runs another one, such as setpriv(1) */
  async startDriver(wrapper: readonly string[] = []): Promise<void> {
    const { interfaceName } = this.host;
    const command = [...wrapper, process.execPath, join(__dirname, 'network-driver.mjs')];
    this.child = this.host.spawn(command, {
      env: { LANRAGE_HOME: this.home, LANRAGE_INTERFACE: interfaceName },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (message: { event?: string }) => {
      if (message.event) this.events.push({ event: message.event, ...message });
    });
    await once(this.child, 'message');
  }

  /** Calls a method of the NetworkManager. Rejects with the code of its refusal. */
  async call<Result = null>(method: string, ...args: unknown[]): Promise<Result> {
    const { child } = this;
    if (!child) throw new Error('the driver does not run');
    child.send({ method, args });
    for (;;) {
      const [message] = (await once(child, 'message')) as [
        { event?: string; result?: Result; code?: string; message?: string },
      ];
      if (message.event) continue;
      if (message.code !== undefined) throw new Error(`${message.code}: ${message.message}`);
      return message.result as Result;
    }
  }

  async up(listenPort = LISTEN_PORT, exposure: Exposure = 'all'): Promise<void> {
    await this.call('start');
    const privateKey = this.privateKey.toString('base64');
    await this.call('configure', {
      privateKey,
      listenPort,
      virtualIp: this.virtualIp,
      network: '10.66.0.0/16',
      exposure,
    });
  }

  async meet(other: Machine): Promise<void> {
    const { publicKey, virtualIp, host } = other;
    await this.call('addPeer', { publicKey, virtualIp, endpoint: `${host.address}:${LISTEN_PORT}` });
  }

  /** Has the other one as a peer, without knowing where it is. */
  async awaits(other: Machine): Promise<void> {
    const { publicKey, virtualIp } = other;
    await this.call('addPeer', { publicKey, virtualIp, endpoint: null });
  }

  latencyTo(other: Machine): Promise<number | null> {
    return this.call<number | null>('measureLatency', other.virtualIp);
  }

  async ip(...args: string[]): Promise<string> {
    return (await this.host.exec(['ip', ...args])).stdout;
  }

  async nft(...args: string[]): Promise<string> {
    return (await this.host.exec(['nft', ...args])).stdout;
  }

  get uapiSocket(): string {
    return `/var/run/wireguard/${this.host.interfaceName}.sock`;
  }

  /** The wireguard-go of its interface. */
  wireguardPid(): number {
    const commandLine = `-f\0${this.host.interfaceName}\0`;
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    const found = pids.find((pid) => readCommandLine(pid).endsWith(commandLine));
    if (found === undefined) throw new Error('no wireguard-go runs');
    return Number(found);
  }

  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }

  /** Everything that a party brings to a machine, as far as it is still there. */
  async traces(pid: number): Promise<string[]> {
    const routes = await this.ip('route', 'show', '10.66.0.0/16');
    return [
      ...((await this.ip('-br', 'link')).includes(this.host.interfaceName) ? ['interface'] : []),
      ...(routes ? ['route'] : []),
      ...((await this.nft('list', 'tables')).includes(`lanrage_${this.host.interfaceName}`) ? ['guard'] : []),
      ...(isAlive(pid) ? ['process'] : []),
      ...(existsSync(this.uapiSocket) ? ['socket'] : []),
      ...(await readdir(this.home)),
    ];
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.home, { recursive: true });
  }
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Whom nobody has buried yet is dead, too. */
function isAlive(pid: number): boolean {
  return identifyProcess(pid).startTicks !== null;
}
