/** The relay's process over IPv6: STUN to coturn's client, and two real WireGuards behind firewalls of their homes. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openAnswerSchema } from '#shared/api/relay-link';
import { formatEndpoint } from '#shared/endpoint';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { end, root, until } from './support/processes';
import { itWith } from './support/programs';
import { WireguardPeer } from './wireguard-peer';

const controlPort = 8080;
const metricsPort = 9101;

describeLab('the relay over IPv6', () => {
  const coturnIt = itWith('turnutils_stunclient', '-h', 'coturn');
  let lab: Lab;
  let server: Host, aliceHost: Host, bobHost: Host;
  let alice: WireguardPeer, bob: WireguardPeer;
  let control: ChildProcess, relay: ChildProcess | undefined;
  let address: string, otherAddress: string;

  beforeAll(async () => {
    lab = await Lab.create();
    // What Alice sends arrives with a checksum that is to be completed, and must be true by the time it reaches Bob.
    const near = { ipv6: 'firewalled' } as const;
    const far = { delayMs: 30, ...near } as const;
    server = await lab.publicHost('server', { ipv6: 'open', addresses: 2 });
    aliceHost = await lab.hostBehind('alice', 'symmetric', near);
    bobHost = await lab.hostBehind('bob', 'cgnat_symmetric', far);
    address = server.ipv6Address ?? '';
    otherAddress = address.replace(/1$/, '2');
    alice = new WireguardPeer(aliceHost, '10.66.0.1');
    bob = new WireguardPeer(bobHost, '10.66.0.2');
    await Promise.all([alice.start(), bob.start()]);
    const file = join(root, 'test/e2e/control-stub.mjs');
    control = server.spawn([process.execPath, file, String(controlPort)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(control, 'message');
  }, 60_000);

  afterEach(() => end(relay, 'SIGKILL'));
  afterAll(() => lab.close());

  coturnIt(
    "tells players behind a firewall their address by coturn's client",
    async () => {
      const endpoints = [3478, 3479].map((port) => formatEndpoint({ address, port }));
      expect(await startRelay()).toEqual(endpoints);
      for (const host of [aliceHost, bobHost]) {
        const { stdout } = await host.exec(['turnutils_stunclient', address], { timeoutMs: 10_000 });
        expect(stdout).toContain(`UDP reflexive addr: ${host.ipv6Address}:`);
        expect(stdout).not.toContain('Other addr');
      }
    },
    30_000,
  );

  coturnIt(
    "has all of RFC 5780 for coturn's client, with a second address",
    async () => {
      await startRelay({ LANRAGE_STUN_ALTERNATE_ADDRESS: otherAddress });
      const { stdout } = await server.exec(['turnutils_stunclient', address], { timeoutMs: 10_000 });
      expect(stdout).toContain(`Response origin: : ${otherAddress}:3479`);
      expect(stdout).toContain('RFC 5780 response 3');
    },
    30_000,
  );

  // The kernel forwards for the relay only where it forwards at all.
  it.each([
    ['in user space', 'off', 'auto', 0],
    ['in user space, one datagram at a time', 'off', 'dgram', 0],
    ['in the kernel', 'auto', 'auto', 1],
    ['in the kernel, by nftables', 'nftables', 'auto', 1],
  ])(
    'brings two players together %s, and tells the control plane where they are',
    async (_name, LANRAGE_RELAY_FAST_PATH, LANRAGE_RELAY_IO, forwarding) => {
      const forward = `echo ${forwarding} > /proc/sys/net/ipv6/conf/all/forwarding`;
      await server.exec(['sh', '-c', forward]);
      await startRelay({ LANRAGE_RELAY_FAST_PATH, LANRAGE_RELAY_IO });
      const endpoint = formatEndpoint({ address, port: await openPair() });
      const observed = heard('name', 'pairs.observed');
      await Promise.all([alice.meet(bob, endpoint), bob.meet(alice, endpoint)]);
      expect(await alice.reaches(bob, 10)).toBe(true);
      const { report } = (await observed) as { report: { observations: { endpoint: string }[] } };
      const seen = report.observations.map((one) => one.endpoint.replace(/:\d+$/, '')).sort();
      expect(seen).toEqual([aliceHost, bobHost].map((host) => `[${host.ipv6Address}]`).sort());

      expect(await alice.ping(bob, 60)).toBeGreaterThan(57);
      if (forwarding) await until('the kernel carries the game', async () => (await kernelPackets()) > 0);
      else expect(await kernelPackets()).toBe(0);
    },
    60_000,
  );

  async function startRelay(settings: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const announced = heard('name', 'pairs.announce');
    const child = server.spawn([process.execPath, join(root, 'dist/apps/relay/src/main.js')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        LANRAGE_RELAY_SECRET: 'the-secret-of-this-test',
        LANRAGE_CONTROL_URL: `http://127.0.0.1:${controlPort}`,
        LANRAGE_PUBLIC_ADDRESS: address,
        LANRAGE_LOG_LEVEL: 'error',
        ...settings,
      },
    });
    relay = child;
    const [ready] = (await once(child, 'message')) as [{ stunEndpoints: string[] }];
    await announced;
    return ready.stunEndpoints;
  }

  /** The next message of the control stub with this field, of this value if one is given. */
  async function heard(field: string, value?: unknown): Promise<Record<string, unknown>> {
    for (;;) {
      const [message] = (await once(control, 'message')) as [Record<string, unknown>];
      if (field in message && (value === undefined || message[field] === value)) return message;
    }
  }

  async function openPair(): Promise<number> {
    const players = [alice.publicKey, bob.publicKey].sort();
    const answered = heard('answer');
    const pairs = [{ pairId: 'alice-bob', players, preferredPort: null }];
    control.send({ request: 1, name: 'pairs.open', command: { pairs } });
    const [opened] = openAnswerSchema.parse((await answered)['answer']).results;
    if (!opened || !('port' in opened)) throw new Error('The relay opened no pair');
    return opened.port;
  }

  /** How many datagrams the kernel has forwarded, as the relay's metrics say. */
  async function kernelPackets(): Promise<number> {
    const script = `fetch('http://127.0.0.1:${metricsPort}/metrics').then((answer) => answer.text()).then(console.log)`;
    const { stdout } = await server.exec([process.execPath, '-e', script]);
    return Number(/^lanrage_relay_kernel_packets_total(?:\{.*\})? (\d+)/m.exec(stdout)?.[1]);
  }
});
