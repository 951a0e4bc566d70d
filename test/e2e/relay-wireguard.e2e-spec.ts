/** The relay's process between two real WireGuards behind NATs, a forger who knows their public keys, and floods of junk. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type OpenAnswer, openAnswerSchema } from '#shared/api/relay-link';
import { describeBpfLab, describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { Generator } from '../bench/support/generator';
import { cpus } from '../bench/support/relay-lab';
import { initiation, response, testKey } from '../wireguard-messages';
import { until } from './support/processes';
import { WireguardPeer } from './wireguard-peer';

const root = join(__dirname, '../..');
const controlPort = 8080;

describeLab('the relay between real WireGuards, in user space', () => testsWith('off'));
describeBpfLab('the relay between real WireGuards, on the fast path', () => testsWith('auto'));

function testsWith(fastPath: 'off' | 'auto'): void {
  let lab: Lab;
  let server: Host, aliceHost: Host, bobHost: Host, malloryHost: Host;
  let alice: WireguardPeer, bob: WireguardPeer;
  let control: ChildProcess, relay: ChildProcess;
  let generator: Generator;
  let port: number, otherPort: number;

  const startNode = async (host: Host, file: string, args: string[] = [], env = {}) => {
    const child = host.spawn([process.execPath, join(root, file), ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env,
    });
    const [ready] = (await once(child, 'message')) as [unknown];
    return { child, ready };
  };
  /** The next message of the control stub that has these fields. */
  const heard = async (field: string, value?: unknown) => {
    for (;;) {
      const [message] = (await once(control, 'message')) as [Record<string, unknown>];
      if (field in message && (value === undefined || message[field] === value)) return message;
    }
  };
  const openPair = async (pairId: string, players: readonly string[]): Promise<OpenAnswer> => {
    const pairs = [{ pairId, players: [...players].sort(), preferredPort: null }];
    const answered = heard('answer');
    control.send({ request: 1, name: 'pairs.open', command: { pairs } });
    return openAnswerSchema.parse((await answered)['answer']);
  };
  const startRelay = async () => {
    const announced = heard('name', 'pairs.announce');
    const env = {
      LANRAGE_RELAY_SECRET: 'the-secret-of-this-test',
      LANRAGE_CONTROL_URL: `http://127.0.0.1:${controlPort}`,
      LANRAGE_PUBLIC_ADDRESS: server.address,
      LANRAGE_RELAY_FAST_PATH: fastPath,
      LANRAGE_LOG_LEVEL: 'error',
    };
    const { child, ready } = await startNode(server, 'dist/relay.js', [], env);
    expect(ready).toEqual({
      ready: true,
      publicAddress: server.address,
      ports: '51900-52155',
      stunEndpoints: [`${server.address}:3478`, `${server.address}:3479`],
    });
    relay = child;
    await announced;
  };
  const portOf = ({ results: [opened] }: OpenAnswer) => (opened && 'port' in opened ? opened.port : 0);
  const readMetrics = async () => {
    const ask = `fetch('http://127.0.0.1:9101/metrics').then((answer) => answer.text()).then(console.log)`;
    const metrics = (await server.exec([process.execPath, '-e', ask])).stdout;
    const metric = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1]);
    return {
      packets: metric('lanrage_relay_packets_total'),
      kernelPackets: metric('lanrage_relay_kernel_packets_total'),
      answered: metric('lanrage_stun_answers_total'),
    };
  };
  /** What the server's sockets have sent, and what the relay says it forwarded by them. */
  const sentByServer = async () => {
    const { stdout } = await server.exec(['grep', '^Udp: [0-9]', '/proc/net/snmp']);
    const { packets, kernelPackets, answered } = await readMetrics();
    return { sent: Number(stdout.split(' ')[4]), forwarded: packets - kernelPackets, answered };
  };
  const endpoint = () => `${server.address}:${port}`;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await lab.publicHost('server');
    await server.exec(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    // What Alice sends arrives with a checksum that is to be completed, and must be true by the time it reaches Bob.
    aliceHost = await lab.hostBehind('alice', 'port_restricted');
    bobHost = await lab.hostBehind('bob', 'symmetric', { delayMs: 30 });
    malloryHost = await lab.publicHost('mallory');
    alice = new WireguardPeer(aliceHost, '10.66.0.1');
    bob = new WireguardPeer(bobHost, '10.66.0.2');
    await Promise.all([alice.start(), bob.start()]);
    control = (await startNode(server, 'test/e2e/control-stub.mjs', [String(controlPort)])).child;
    await startRelay();
    port = portOf(await openPair('alice-bob', [alice.publicKey, bob.publicKey]));
    otherPort = portOf(await openPair('strangers', [testKey(1), testKey(2)]));
    generator = await Generator.start(cpus, false);
  }, 60_000);

  afterAll(async () => {
    await generator.stop();
    await lab.close();
  });

  it('brings them together, and tells the control plane where they are', async () => {
    const observed = heard('name', 'pairs.observed');
    await Promise.all([alice.meet(bob, endpoint()), bob.meet(alice, endpoint())]);
    expect(await alice.reaches(bob, 4)).toBe(true);
    const { report } = (await observed) as { report: { observations: { endpoint: string }[] } };
    const addresses = report.observations.map((one) => one.endpoint.split(':')[0]).sort();
    expect(addresses).toEqual([aliceHost.router.publicAddress, bobHost.router.publicAddress].sort());
  }, 20_000);

  it(`forwards in ${fastPath === 'auto' ? 'the kernel' : 'user space'}`, async () => {
    expect(await alice.isHeardBy(bob, 60)).toBe(true);
    const isKernelBusy = async () => (await readMetrics()).kernelPackets > 0;
    if (fastPath === 'auto') await until('the kernel carries the game', isKernelBusy);
    else expect(await isKernelBusy()).toBe(false);
  }, 20_000);

  it('loses nothing to a forger who floods the pair with initiations and answers', async () => {
    const [one, other] = await Promise.all([
      startNode(malloryHost, 'test/e2e/udp-sender.mjs'),
      startNode(malloryHost, 'test/e2e/udp-sender.mjs'),
    ]);
    let index = 0;
    const forge = () => {
      const send = (from: ChildProcess, datagram: Buffer) =>
        from.send({ datagram: datagram.toString('base64'), port, address: server.address });
      index++;
      send(one.child, initiation(bob.publicKey, index));
      send(other.child, initiation(alice.publicKey, 0x1000_0000 + index));
      send(other.child, response(alice.publicKey, 0x2000_0000 + index, index));
      send(one.child, response(bob.publicKey, 0x3000_0000 + index, 0x1000_0000 + index));
    };
    const flood = setInterval(forge, 20);
    const pings = await alice.ping(bob, 60);
    clearInterval(flood);
    one.child.disconnect();
    other.child.disconnect();
    expect(index).toBeGreaterThan(50);
    // A session that is taken over loses seconds; a busy machine may lose a packet.
    expect(pings).toBeGreaterThan(57);
  }, 20_000);

  it.each([
    { kind: 'noise', to: 'another port', perSecond: 20_000 },
    { kind: 'initiation', to: 'another port', perSecond: 20_000 },
    { kind: 'noise', to: 'the STUN service', perSecond: 20_000 },
    { kind: 'data', to: 'its own port', perSecond: 2000 },
    { kind: 'response', to: 'its own port', perSecond: 2000 },
  ] as const)(
    'carries a game through a flood of $kind to $to, and answers none of it',
    async ({ kind, to, perSecond }) => {
      const flooded = { 'another port': otherPort, 'its own port': port, 'the STUN service': 3478 }[to];
      // Something that the generator can send besides, to itself.
      const idle = await generator.socket(malloryHost, malloryHost.address);
      const flow = { from: idle, to: idle, destination: idle, index: 1 };
      await generator.flows(flow, flow);
      const before = await sentByServer();
      await generator.junk(malloryHost, { to: { address: server.address, port: flooded }, kind, perSecond });
      const flood = generator.flood({ perSecond: 2, bytes: 32, durationMs: 3500 });
      const pings = await alice.ping(bob, 60);
      await flood;
      expect(await generator.calm()).toBeGreaterThan(perSecond);
      await generator.clear();
      const after = await sentByServer();
      expect(pings).toBeGreaterThan(57);
      // Answers would be thousands more. Datagrams to the same address may count as one (UDP_SEGMENT), on a busy machine often.
      const [sent, forwarded] = [after.sent - before.sent, after.forwarded - before.forwarded];
      expect(sent).toBeLessThanOrEqual(forwarded);
      expect(sent).toBeGreaterThanOrEqual(0.5 * forwarded);
      expect(after.answered).toBe(before.answered);
    },
    20_000,
  );

  // A player who has a NAT must send first; a relay that waited for a handshake would lose more than ten seconds.
  it('follows Alice, then Bob, when their routers forget the mappings', async () => {
    for (const [mover, router, other] of [
      [alice, aliceHost.router, bob],
      [bob, bobHost.router, alice],
    ] as const) {
      const pings = mover.ping(other, 60);
      await router.rebind();
      expect(await pings).toBeGreaterThan(50);
    }
  }, 30_000);

  it.each([1, 2, 3, 4])(
    'lets one through when both initiate at once, %#',
    async () => {
      expect(await alice.reaches(bob, 4)).toBe(true);
      await Promise.all([alice.meet(bob, endpoint()), bob.meet(alice, endpoint())]);
      // WireGuard retries after five seconds, so this is the first attempt.
      expect(await alice.reaches(bob, 4)).toBe(true);
    },
    20_000,
  );

  it('goes on while the control plane is away', async () => {
    control.disconnect();
    await once(control, 'exit');
    expect(await alice.isHeardBy(bob, 20)).toBe(true);
    const restarted = startNode(server, 'test/e2e/control-stub.mjs', [String(controlPort)]);
    control = (await restarted).child;
    const { report } = (await heard('name', 'pairs.announce')) as { report: { pairs: { port: number }[] } };
    expect(report.pairs.map((pair) => pair.port)).toEqual([port, otherPort]);
  }, 30_000);

  it('stops when it is asked to', async () => {
    const ended = once(relay, 'exit');
    relay.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
}
