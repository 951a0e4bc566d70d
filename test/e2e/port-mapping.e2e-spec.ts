/** The compiled agent's port mapping against miniupnpd on home routers of the lab, tried by a stranger's datagrams. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exchangeHttp } from '../../apps/client/src/nat/gateway/http';
import type { PortMappingInfo } from '../../apps/client/src/nat/port-mapping';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { PortMapper, type PortMapperOptions } from '../lab/port-mapper';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { collectOutput, end, root, until } from './support/processes';
import { itWith } from './support/programs';

/** A socket on a host, and an agent's mapping of its port in a process of its own. */
class MappedSocket {
  private readonly output: { stdout: string; stderr: string };
  private read = 0;

  private constructor(
    readonly socket: UdpEndpoint,
    private readonly child: ChildProcess,
  ) {
    this.output = collectOutput(child);
  }

  static async on(host: Host, { port = 0, leaseSeconds = '' } = {}): Promise<MappedSocket> {
    const socket = await UdpEndpoint.open(host, { port });
    const file = join(root, 'test/e2e/port-mapping-driver.mjs');
    const child = host.spawn([process.execPath, file, String(socket.port), leaseSeconds]);
    const mapped = new MappedSocket(socket, child);
    await mapped.next('started');
    return mapped;
  }

  info(): Promise<PortMappingInfo> {
    this.tell('info');
    return this.next('info');
  }

  /** Asks for a mapping and waits until something comes of it. */
  open(): Promise<PortMappingInfo> {
    this.tell('open');
    return this.next('change');
  }

  close(): Promise<{ tookMs: number }> {
    this.tell('close');
    return this.next('closed');
  }

  tell(command: 'open' | 'close' | 'info'): void {
    this.child.stdin?.write(`${command}\n`);
  }

  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }

  /** Lets it end as a program ends that has nothing left to do. */
  async runOut(): Promise<{ code: number | null; stderr: string }> {
    const ended = once(this.child, 'exit');
    this.child.stdin?.end();
    const [code] = (await ended) as [number | null];
    return { code, stderr: this.output.stderr };
  }

  private next<T>(event: string): Promise<T> {
    return until(`the driver says "${event}"`, () => {
      const lines = this.output.stdout.split('\n').slice(this.read, -1);
      const index = lines.findIndex((line) => line.startsWith(`{"event":"${event}"`));
      if (index === -1) return undefined;
      this.read += index + 1;
      return JSON.parse(lines[index] ?? '') as T;
    });
  }
}

const ways: [string, PortMappingInfo['protocol'], PortMapperOptions][] = [
  ['PCP', 'pcp', { pcp: true }],
  ['NAT-PMP', 'nat_pmp', { pcp: true, natPmpOnly: true }],
  ['UPnP', 'upnp', { upnp: true }],
  ['PCP although there is UPnP', 'pcp', { pcp: true, upnp: true }],
];

describeLab('port mapping', () => {
  const mapperIt = itWith('miniupnpd', '--version', 'miniupnpd-nftables');
  let lab: Lab;
  let server: Host, alice: Host, bob: Host, carol: Host, dave: Host;
  const mappers = new Set<PortMapper>();
  const mappedSockets: MappedSocket[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    server = await lab.publicHost('server');
    alice = await lab.hostBehind('alice', 'port_restricted');
    bob = await lab.hostBehind('bob', 'symmetric');
    carol = await lab.hostBehind('carol', 'cgnat');
    dave = await lab.sameLanAs(alice, 'dave');
  }, 30_000);

  afterEach(async () => {
    await Promise.all(mappedSockets.splice(0).flatMap((mapped) => [mapped.kill(), mapped.socket.close()]));
    await Promise.all([...mappers].map(stopMapper));
  }, 20_000);

  afterAll(() => lab.close());

  describe.each(['port-restricted', 'symmetric'])('behind a %s NAT', (kind) => {
    mapperIt.each(ways)(
      'lets a stranger in by %s, until it is closed',
      async (_name, protocol, options) => {
        const host = kind === 'symmetric' ? bob : alice;
        const mapper = await startMapper(host, options);
        const mapped = await mapSocketOn(host);
        const { publicAddress } = host.router;
        const endpoint = `${publicAddress}:${mapped.socket.port}`;
        const gateway = host.address.replace(/\d+$/, '1');
        const info = { state: 'mapped', endpoint, protocol, gateway, detail: null };
        expect(await mapped.open()).toMatchObject(info);
        expect(await mapper.mappings()).toHaveLength(1);
        await expectConversation(mapped, endpoint);

        await mapped.close();
        expect(await mapped.info()).toMatchObject({ state: 'none', endpoint: null });
        expect(await mapper.mappings()).toEqual([]);
        expect(await isReached(host, mapped, endpoint)).toBe(false);
      },
      20_000,
    );
  });

  mapperIt.each([
    ['PCP', { pcp: true }],
    ['NAT-PMP', { pcp: true, natPmpOnly: true }],
    ['UPnP', { upnp: true }],
  ])(
    'gives two players with the same port different ones by %s',
    async (_name, options) => {
      await startMapper(alice, options);
      const [first, second] = [
        await mapSocketOn(alice, { port: 40_000 }),
        await mapSocketOn(dave, { port: 40_000 }),
      ];
      const [{ endpoint: ofFirst }, { endpoint: ofSecond }] = [await first.open(), await second.open()];
      expect(ofSecond).not.toBe(ofFirst);
      await expectConversation(first, ofFirst);
      await expectConversation(second, ofSecond);
    },
    20_000,
  );

  mapperIt.each(ways)(
    'comes back by %s when the router has been restarted',
    async (_name, _protocol, options) => {
      const mapper = await startMapper(alice, options);
      const mapped = await mapSocketOn(alice, { leaseSeconds: '4' });
      const { endpoint } = await mapped.open();
      await stopMapper(mapper);
      expect(await isReached(alice, mapped, endpoint)).toBe(false);
      const restarted = await startMapper(alice, options);
      await until('a new mapping', async () => (await restarted.mappings()).length === 1);
      const info = await until('the agent knows', async () => {
        const now = await mapped.info();
        return now.state === 'mapped' && now;
      });
      await expectConversation(mapped, info.endpoint);
    },
    30_000,
  );

  mapperIt.each(ways)(
    'ends with its lease by %s when the agent was killed',
    async (_name, _protocol, options) => {
      const mapper = await startMapper(alice, options);
      const mapped = await mapSocketOn(alice, { leaseSeconds: '3' });
      const { endpoint } = await mapped.open();
      await mapped.kill();
      await until('the mapping ends', async () => (await mapper.mappings()).length === 0);
      expect(await isReached(alice, mapped, endpoint)).toBe(false);
    },
    20_000,
  );

  mapperIt.each<[string, PortMapperOptions]>([
    ['knows it', { pcp: true, upnp: true, strict: true }],
    ['knows it and speaks PCP', { pcp: true, strict: true }],
    ['knows it and speaks NAT-PMP', { pcp: true, natPmpOnly: true, strict: true }],
    ['knows it and speaks UPnP', { upnp: true, strict: true }],
    ['maps by PCP all the same', { pcp: true }],
    ['maps by NAT-PMP all the same', { pcp: true, natPmpOnly: true }],
    ['maps by UPnP all the same', { upnp: true }],
  ])(
    'is nothing behind a second NAT, when the home router %s',
    async (_name, options) => {
      const mapper = await startMapper(carol, options);
      const info = await (await mapSocketOn(carol)).open();
      expect(info).toMatchObject({ state: 'double_nat', endpoint: null, protocol: null });
      expect(info.detail).toContain('no public address');
      expect(await mapper.mappings()).toEqual([]);
    },
    20_000,
  );

  mapperIt(
    'tells when the router refuses',
    async () => {
      await startMapper(alice, { upnp: true, deny: true });
      const info = await (await mapSocketOn(alice)).open();
      expect(info).toMatchObject({ state: 'refused', endpoint: null, protocol: null });
      expect(info.detail).toBe('the router refuses by UPnP, with error 606');
    },
    20_000,
  );

  mapperIt(
    'is nothing where no router answers, without a fault and without keeping a process',
    async () => {
      const mapped = await mapSocketOn(alice);
      mapped.tell('open');
      expect(await mapped.info()).toMatchObject({ state: 'none', endpoint: null });
      expect(await mapped.runOut()).toEqual({ code: 0, stderr: '' });
    },
    20_000,
  );

  mapperIt(
    'is tried again when it is opened again',
    async () => {
      const mapped = await mapSocketOn(alice);
      mapped.tell('open');
      await mapped.info();
      // By now ICMP has said that nobody listens for PCP.
      await startMapper(alice, { pcp: true });
      expect(await mapped.open()).toMatchObject({ state: 'mapped' });
    },
    20_000,
  );

  mapperIt(
    'ends in time when the router is silent',
    async () => {
      await startMapper(alice, { pcp: true });
      const mapped = await mapSocketOn(alice);
      await mapped.open();
      const drop = 'chain input { type filter hook input priority raw; udp dport 5351 drop; }';
      await alice.router.exec(['nft', '-f', '-'], { input: `table ip silence {\n${drop}\n}\n` });
      const { tookMs } = await mapped.close();
      await alice.router.exec(['nft', 'delete', 'table', 'ip', 'silence']);
      // A second, and what a busy machine adds.
      expect(tookMs).toBeLessThan(10_000);
      expect(await mapped.runOut()).toEqual({ code: 0, stderr: '' });
    },
    20_000,
  );

  mapperIt(
    'sends nothing beyond the home router',
    async () => {
      await startMapper(alice, { pcp: true, upnp: true });
      const mapped = await mapSocketOn(alice);
      const chain = 'chain from { type filter hook prerouting priority raw; iifname "to-alice" counter; }';
      await lab.internet.exec(['nft', '-f', '-'], { input: `table ip count {\n${chain}\n}\n` });
      await mapped.open();
      await mapped.close();
      const { stdout } = await lab.internet.exec(['nft', 'list', 'table', 'ip', 'count']);
      expect(stdout).toContain('packets 0 ');
    },
    20_000,
  );

  mapperIt(
    'is nothing to a host with a public address, which asks nobody',
    async () => {
      const mapped = await mapSocketOn(server);
      mapped.tell('open');
      expect(await mapped.info()).toMatchObject({ state: 'none', gateway: null });
      expect(await mapped.runOut()).toEqual({ code: 0, stderr: '' });
    },
    20_000,
  );

  mapperIt(
    'is asked of the router alone, whoever else answers',
    async () => {
      const file = join(root, 'test/e2e/false-gateway.mjs');
      const impostor = dave.spawn([process.execPath, file, dave.address]);
      const output = collectOutput(impostor);
      await until('the impostor is ready', () => output.stdout.includes('ready'));
      await startMapper(alice, { upnp: true });
      const { endpoint } = await (await mapSocketOn(alice)).open();
      expect(endpoint).toContain(alice.router.publicAddress);
      await until('the impostor was searched', () => output.stdout.includes('searched'));
      await end(impostor, 'SIGTERM');
      expect(output.stdout).not.toContain('asked');
    },
    20_000,
  );

  async function startMapper(host: Host, options: PortMapperOptions): Promise<PortMapper> {
    const mapper = await PortMapper.start(host, options);
    mappers.add(mapper);
    return mapper;
  }

  async function stopMapper(mapper: PortMapper): Promise<void> {
    mappers.delete(mapper);
    await mapper.stop();
  }

  async function mapSocketOn(host: Host, options = {}): Promise<MappedSocket> {
    const mapped = await MappedSocket.on(host, options);
    mappedSockets.push(mapped);
    return mapped;
  }

  /** A stranger, whom nobody has addressed, gets through to an endpoint and is answered from there. */
  async function expectConversation({ socket }: MappedSocket, endpoint: string | null): Promise<void> {
    const stranger = await UdpEndpoint.open(server);
    await stranger.send('hello', endpoint ?? '');
    const { from } = await socket.receive();
    await socket.send('welcome', from);
    expect(await stranger.receive()).toEqual({ text: 'welcome', from: endpoint });
    await stranger.close();
  }

  async function isReached(host: Host, { socket }: MappedSocket, endpoint: string | null): Promise<boolean> {
    const stranger = await UdpEndpoint.open(server);
    await stranger.send('hello', endpoint ?? '');
    await stranger.close();
    // Paths keep the order of packets: when a ping is answered, what was sent before it has arrived or is lost.
    expect(await host.exec(['ping', '-c1', server.address])).toMatchObject({ code: 0 });
    return (await socket.drain()).length > 0;
  }
});

describe('what a gateway says over HTTP', () => {
  let gateway: Server;

  afterEach(() => {
    gateway.closeAllConnections();
    gateway.close();
  });

  it('is read with its status', async () => {
    expect(await ask((_, response) => response.writeHead(500).end('<error/>'))).toEqual({
      status: 500,
      text: '<error/>',
    });
  });

  it.each<[string, RequestListener]>([
    ['is too large', (_, response) => response.end(Buffer.alloc(70_000))],
    ['never ends', (_, response) => response.write('<root>')],
    ['does not come', () => undefined],
    [
      'is cut',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
    ],
  ])('is nothing when it %s', async (_name, listener) => {
    expect(await ask(listener)).toBeUndefined();
  });

  it('sends nobody elsewhere', async () => {
    const asked: (string | undefined)[] = [];
    await ask(({ url }, response) => {
      asked.push(url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(asked).toEqual(['/description.xml']);
  });

  async function ask(listener: RequestListener) {
    gateway = createServer(listener).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const { port } = gateway.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}/description.xml`);
    return exchangeHttp(url, { method: 'GET' }, new AbortController().signal);
  }
});
