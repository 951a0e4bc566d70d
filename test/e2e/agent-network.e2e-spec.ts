import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '#shared/auth/proof';
import { identifyProcess } from '../../apps/client/src/process-identity';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { end, until } from './support/processes';

const LISTEN_PORT = 51_000;

/** A machine with a NetworkManager, in a process of its own that can be killed. */
class Machine {
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

  async startDriver(): Promise<void> {
    const { interfaceName } = this.host;
    this.child = this.host.spawn([process.execPath, join(__dirname, 'support/network-driver.mjs')], {
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
        { event?: string; result?: Result; code?: string },
      ];
      if (message.event) continue;
      if (message.code !== undefined) throw new Error(message.code);
      return message.result as Result;
    }
  }

  async up(listenPort = LISTEN_PORT): Promise<void> {
    await this.call('start');
    const privateKey = this.privateKey.toString('base64');
    await this.call('configure', { privateKey, listenPort, virtualIp: this.virtualIp });
  }

  async meet(other: Machine): Promise<void> {
    const { publicKey, virtualIp, host } = other;
    await this.call('addPeer', { publicKey, virtualIp, endpoint: `${host.address}:${LISTEN_PORT}` });
  }

  latencyTo(other: Machine): Promise<number | null> {
    return this.call<number | null>('measureLatency', other.virtualIp);
  }

  async ip(...args: string[]): Promise<string> {
    return (await this.host.exec(['ip', ...args])).stdout;
  }

  get uapiSocket(): string {
    return `/var/run/wireguard/${this.host.interfaceName}.sock`;
  }

  /** The wireguard-go that the journal names. */
  async wireguardPid(): Promise<number> {
    const journal = JSON.parse(await readFile(join(this.home, 'journal.json'), 'utf8')) as {
      process: { pid: number };
    };
    return journal.process.pid;
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

/** Whom nobody has buried yet is dead, too. */
function isAlive(pid: number): boolean {
  return identifyProcess(pid).startTicks !== null;
}

describeLab('the network of a party on two machines', () => {
  let lab: Lab;
  let alice: Machine;
  let bob: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
    alice = await Machine.start(await lab.publicHost('alice', { delayMs: 10 }), '10.66.0.1');
    bob = await Machine.start(await lab.publicHost('bob', { delayMs: 10 }), '10.66.200.30');
    await Promise.all([alice.up(), bob.up()]);
    await Promise.all([alice.meet(bob), bob.meet(alice)]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice?.close(), bob?.close()]);
    await lab?.close();
  }, 30_000);

  it('is one interface with one address, and a route to all of the virtual LAN', async () => {
    const { interfaceName } = bob.host;
    expect(await bob.ip('-4', '-br', 'address', 'show', interfaceName)).toContain('10.66.200.30/16');
    expect(await bob.ip('link', 'show', interfaceName)).toContain('mtu 1280');
    expect(await bob.ip('route', 'get', '10.66.77.1')).toContain(`dev ${interfaceName}`);
  });

  // WireGuards that begin at the same time, without a relay that puts them in order, try again every 5 s.
  it('measures the way to a peer, there and back', async () => {
    await until('the tunnel carries', async () => (await alice.latencyTo(bob)) ?? undefined, {
      timeoutMs: 35_000,
    });
    const latencyMs = await alice.latencyTo(bob);
    expect(latencyMs).toBeGreaterThanOrEqual(40);
    expect(latencyMs).toBeLessThan(400);
  }, 40_000);

  it('measures it by an echo of the agents where ICMP is filtered', async () => {
    const rule =
      'table ip lanrage_test { chain in { type filter hook input priority 0; meta l4proto icmp drop; }; }';
    await bob.host.exec(['nft', rule]);
    expect(await alice.latencyTo(bob)).toBeGreaterThanOrEqual(40);
    await bob.host.exec(['nft', 'delete table ip lanrage_test']);
  });

  it('knows no latency of somebody who is not there', async () => {
    expect(await alice.call('measureLatency', '10.66.9.9')).toBeNull();
  });

  it('carries goodbyes', async () => {
    await alice.call('sayGoodbye', bob.virtualIp, randomBytes(32).toString('base64'));
    await until('Bob hears it', () => bob.events.length > 0);
    expect(bob.events).toEqual([{ event: 'goodbye', virtualIp: alice.virtualIp }]);
  });

  it('tells when the interface was taken away', async () => {
    const pid = await bob.wireguardPid();
    await bob.ip('link', 'delete', 'dev', bob.host.interfaceName);
    await until('Bob notices', () => bob.events.some(({ event }) => event === 'died'));
    expect(await bob.traces(pid)).toEqual([]);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const pid = await alice.wireguardPid();
    expect(await alice.traces(pid)).toEqual(['interface', 'route', 'process', 'socket', 'journal.json']);
    await alice.call('stop');
    expect(await alice.traces(pid)).toEqual([]);
  });
});

describeLab('the network of a party when things go wrong', () => {
  let lab: Lab;
  let machine: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
  }, 60_000);

  afterAll(async () => {
    await lab?.close();
  }, 30_000);

  beforeEach(async () => {
    machine = await Machine.start(await lab.publicHost(`host${Date.now() % 100_000}`), '10.66.0.1');
  }, 30_000);

  afterEach(async () => {
    await machine.close();
  });

  it('takes another port when its own is taken', async () => {
    const { port } = await UdpEndpoint.open(machine.host);
    await machine.up(port);
    expect(await machine.ip('-4', '-br', 'address')).toContain('10.66.0.1/16');
    await machine.call('stop');
  });

  it.each([
    ['the agent was killed', false],
    ['the agent and wireguard-go were killed', true],
  ])('is removed at the next start after %s', async (_name, wireguardToo) => {
    await machine.up();
    const pid = await machine.wireguardPid();
    await machine.kill();
    if (wireguardToo) process.kill(pid, 'SIGKILL');
    expect(await machine.traces(pid)).toContain('socket');
    await machine.startDriver();
    await machine.call('initialize');
    expect(await machine.traces(pid)).toEqual([]);
  });

  it('does not touch an interface of the same name that is not its own', async () => {
    const { interfaceName } = machine.host;
    await machine.ip('link', 'add', interfaceName, 'type', 'veth', 'peer', 'name', 'other-end');
    await expect(machine.call('start')).rejects.toThrow('INTERFACE_FAILED');
    await machine.call('initialize');
    expect(await machine.ip('-br', 'link')).toContain(interfaceName);
    expect(await readdir(machine.home)).toEqual([]);
  });
});
