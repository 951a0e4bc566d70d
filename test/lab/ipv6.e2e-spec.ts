import { describeLab } from './available';
import { Host } from './host';
import { coreIpv6Address } from './ipv6';
import { Lab } from './lab';
import { UdpEndpoint } from './udp-endpoint';

describeLab('IPv6 of the lab', () => {
  let lab: Lab;
  let server: Host, shut: Host, alice: Host, bob: Host, carol: Host, dave: Host, erin: Host, frank: Host;
  let home: UdpEndpoint, otherPort: UdpEndpoint, otherAddress: UdpEndpoint;
  const sockets: UdpEndpoint[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    server = await lab.publicHost('server', { addresses: 2, ipv6: 'open' });
    shut = await lab.publicHost('shut', { ipv6: 'firewalled', delayMs: 1 });
    alice = await lab.hostBehind('alice', 'port_restricted', { ipv6: 'firewalled', delayMs: 15 });
    dave = await lab.sameLanAs(alice, 'dave');
    bob = await lab.hostBehind('bob', 'symmetric', { ipv6: 'open' });
    carol = await lab.hostBehind('carol', 'cgnat', { ipv6: 'firewalled' });
    erin = await lab.hostBehind('erin', 'udp_blocked', { ipv6: 'open' });
    frank = await lab.hostBehind('frank', 'port_restricted');
    const [first = '', second = ''] = await globalAddresses(server);
    [home, otherPort, otherAddress] = await Promise.all([
      UdpEndpoint.open(server, { address: first, port: 3478 }),
      UdpEndpoint.open(server, { address: first, port: 3479 }),
      UdpEndpoint.open(server, { address: second, port: 3478 }),
    ]);
  }, 30_000);

  afterEach(() => Promise.all(sockets.splice(0).map((socket) => socket.close())));

  afterAll(() => lab.close());

  test('is there for those who want it, with an address that everybody sees', async () => {
    const hosts = [server, shut, alice, dave, bob, carol, erin];
    const addresses = hosts.map(({ ipv6Address }) => ipv6Address);
    expect(new Set(addresses).size).toBe(hosts.length);
    for (const address of addresses) expect(address).toMatch(/^2001:db8:0:[1-6]::[123]$/);
    expect(frank.ipv6Address).toBeNull();
    expect(await globalAddresses(frank)).toEqual([]);
    expect(await reaches(frank, coreIpv6Address)).toBe(false);
  });

  test('leads from everywhere to the internet, through a carrier too', async () => {
    for (const host of [shut, alice, dave, bob, carol, erin]) {
      expect(await reaches(host, server.ipv6Address)).toBe(true);
      expect(await reaches(host, coreIpv6Address)).toBe(true);
    }
  });

  test.each<[string, () => Host, boolean]>([
    ['an open host', () => bob, true],
    ['a host behind a firewall', () => alice, false],
    ['its neighbour', () => dave, false],
    ['a host behind a firewall and a carrier', () => carol, false],
    ['a public host with a firewall', () => shut, false],
  ])(
    'a stranger who pings %s gets an answer only if nothing stands between, %#',
    async (_name, host, isReached) => {
      expect(await reaches(server, host().ipv6Address)).toBe(isReached);
    },
  );

  test.each<[string, () => Host, string[]]>([
    ['an open host', () => bob, ['answer', 'other port', 'other address']],
    ['a host behind a firewall', () => alice, ['answer']],
    ['a host behind a firewall and a carrier', () => carol, ['answer']],
    ['a public host with a firewall', () => shut, ['answer']],
  ])('%s hears the right ones, and is seen at its own address and port', async (_name, host, heard) => {
    const socket = await openSocket(host());
    await home.send('unasked', `[${host().ipv6Address}]:${socket.port}`);
    await settled(host());
    expect((await socket.drain()).length).toBe(heard.length > 1 ? 1 : 0);

    await socket.send('question', home.endpoint);
    const { from } = await home.receive();
    expect(from).toBe(`[${host().ipv6Address}]:${socket.port}`);
    await home.send('answer', from);
    await otherPort.send('other port', from);
    await otherAddress.send('other address', from);
    await settled(host());
    expect((await socket.drain()).map(({ text }) => text)).toEqual(heard);
  });

  test('carries no UDP where UDP is blocked', async () => {
    const socket = await openSocket(erin);
    await socket.send('vanishes', home.endpoint);
    await settled(erin);
    expect(await home.drain()).toEqual([]);
  });

  test('takes the delay of the path, in a packet of any size', async () => {
    for (const bytes of [16, 1_400]) {
      const { stdout } = await alice.exec(['ping', '-c5', '-i0.05', `-s${bytes}`, server.ipv6Address ?? '']);
      const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
      expect(times).toHaveLength(5);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(30);
    }
  });

  test('goes down and comes back with a link', async () => {
    for (const host of [bob, server]) {
      await host.linkDown();
      expect(await reaches(bob, server.ipv6Address)).toBe(false);
      await host.linkUp();
      expect(await reaches(bob, server.ipv6Address)).toBe(true);
    }
  });

  test('loses UDP to one remote in silence, both ways, until restored', async () => {
    const socket = await openSocket(bob);
    await socket.send('question', home.endpoint);
    const { from } = await home.receive();
    await bob.router.dropUdp({ to: home.endpoint });
    await socket.send('vanishes', home.endpoint);
    await home.send('vanishes', from);
    await otherPort.send('passes', from);
    await settled(bob);
    expect((await socket.drain()).map(({ text }) => text)).toEqual(['passes']);
    expect(await home.drain()).toEqual([]);
    await bob.router.restoreUdp();
    await home.send('passes again', from);
    expect((await socket.receive()).text).toBe('passes again');
  });

  async function openSocket(host: Host): Promise<UdpEndpoint> {
    const socket = await UdpEndpoint.open(host, { address: '::' });
    sockets.push(socket);
    return socket;
  }

  /** Paths keep the order of packets: when a ping is answered, what was sent before it has arrived or is lost. */
  async function settled(host: Host): Promise<void> {
    expect(await reaches(host, server.ipv6Address)).toBe(true);
  }
});

async function reaches(from: Host, to: string | null): Promise<boolean> {
  return (await from.exec(['ping', '-c1', '-W1', to ?? ''])).code === 0;
}

async function globalAddresses(host: Host): Promise<string[]> {
  const { stdout } = await host.exec(['ip', '-6', '-oneline', 'address', 'show', 'scope', 'global']);
  return [...stdout.matchAll(/inet6 ([\da-f:]+)\//g)].map(([, address = '']) => address).sort();
}
