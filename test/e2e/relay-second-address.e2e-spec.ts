/**
 * A relay on a machine with several addresses, asked at one that is not the first: players behind routers that let in nothing but
 * answers from the very address that they ask.
 */
import { randomBytes } from 'node:crypto';
import { formatEndpoint } from '#shared/endpoint';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { until } from './support/processes';
import { StubbedRelay } from './support/stubbed-relay';
import { WireguardPeer } from './wireguard-peer';

/** Nobody's here: that of a router which passes on to the server what comes for it. */
const routersAddress = { IPv4: '198.18.0.1', IPv6: '2001:db8:ffff::1' } as const;
type Family = keyof typeof routersAddress;

describeLab('a relay that is asked at the second address of its machine', () => {
  let lab: Lab;
  let server: Host, aliceHost: Host, bobHost: Host;
  let alice: WireguardPeer, bob: WireguardPeer;
  let relay: StubbedRelay;
  let second: Record<Family, string>;

  beforeAll(async () => {
    lab = await Lab.create();
    const firewalled = { ipv6: 'firewalled' } as const;
    server = await lab.publicHost('server', { ipv6: 'open', addresses: 2 });
    aliceHost = await lab.hostBehind('alice', 'port_restricted', firewalled);
    bobHost = await lab.hostBehind('bob', 'port_restricted', firewalled);
    second = {
      IPv4: server.addresses[1] ?? '',
      IPv6: (server.ipv6Address ?? '').replace(/1$/, '2'),
    };
    alice = new WireguardPeer(aliceHost, '10.66.0.1');
    bob = new WireguardPeer(bobHost, '10.66.0.2');
    await Promise.all([alice.start(), bob.start()]);
    relay = await StubbedRelay.prepare(server);
  }, 60_000);

  afterEach(() => relay.stop());
  afterAll(() => lab.close());

  /** On all addresses, of which no setting names the second one. */
  const onAll = (family: Family): NodeJS.ProcessEnv => ({
    LANRAGE_PUBLIC_ADDRESS: routersAddress[family],
    ...(family === 'IPv6' && { LANRAGE_RELAY_BIND: '::' }),
  });
  const oneByOne = (family: Family): NodeJS.ProcessEnv => ({
    LANRAGE_PUBLIC_ADDRESS: second[family],
    LANRAGE_RELAY_IO: 'dgram',
  });
  it.each([
    ['IPv4', 'many datagrams at a time', 'off', onAll],
    ['IPv4', 'one at a time', 'off', oneByOne],
    ['IPv4', 'by a program in the kernel', 'auto', onAll],
    ['IPv4', 'by nftables', 'nftables', onAll],
    ['IPv6', 'many datagrams at a time', 'off', onAll],
    ['IPv6', 'by a program in the kernel', 'auto', onAll],
    ['IPv6', 'by nftables', 'nftables', onAll],
  ] as const)(
    'answers STUN and brings two players together from there, over %s, %s',
    async (family, _way, LANRAGE_RELAY_FAST_PATH, settings) => {
      const isInKernel = LANRAGE_RELAY_FAST_PATH !== 'off';
      await start(family, { ...settings(family), LANRAGE_RELAY_FAST_PATH });
      for (const port of [3478, 3479]) {
        const { stdout } = await askStun(aliceHost, second[family], port);
        expect(stdout).toBe(`${second[family]} ${port}\n`);
      }
      await meet(family);
      if (!isInKernel) return expect(await relay.kernelPackets()).toBe(0);
      await until('the kernel carries the game', async () => (await relay.kernelPackets()) > 0);
      expect(await alice.isHeardBy(bob, 20)).toBe(true);
    },
    60_000,
  );

  it('does so in user space where the way depends on the source, as nftables would take another one', async () => {
    const rule = (verb: 'add' | 'delete') =>
      server.exec(['ip', 'rule', verb, 'from', second.IPv4, 'lookup', 'main']);
    await rule('add');
    await start('IPv4', { ...onAll('IPv4'), LANRAGE_RELAY_FAST_PATH: 'nftables' });
    await meet('IPv4');
    expect(await relay.kernelPackets()).toBe(0);
    await rule('delete');
  }, 60_000);

  async function start(family: Family, settings: NodeJS.ProcessEnv): Promise<void> {
    const forwarding = Number(settings['LANRAGE_RELAY_FAST_PATH'] !== 'off');
    const file = family === 'IPv4' ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding';
    await server.exec(['sh', '-c', `echo ${forwarding} > /proc/sys/net/${file}`]);
    await relay.start(settings);
  }

  /** Long enough for the kernel to take over, where it does. */
  async function meet(family: Family): Promise<void> {
    const port = await relay.open('alice-bob', [alice.publicKey, bob.publicKey]);
    const endpoint = formatEndpoint({ address: second[family], port });
    await Promise.all([alice.meet(bob, endpoint), bob.meet(alice, endpoint)]);
    expect(await alice.reaches(bob, 10)).toBe(true);
    expect(await alice.isHeardBy(bob, 30)).toBe(true);
  }
});

/** Prints from where the answer came. */
function askStun(host: Host, address: string, port: number) {
  const request = `000100002112a442${randomBytes(12).toString('hex')}`;
  const script = `
    const socket = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}');
    socket.on('message', (_answer, { address, port }) => {
      console.log(address, port);
      socket.close();
    });
    socket.send(Buffer.from('${request}', 'hex'), ${port}, '${address}');`;
  return host.exec([process.execPath, '-e', script], { timeoutMs: 15_000 });
}
