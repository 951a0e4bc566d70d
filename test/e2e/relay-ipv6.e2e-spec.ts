/** The relay's process over IPv6: STUN to coturn's client, and two real WireGuards behind firewalls of their homes. */
import { formatEndpoint } from '#shared/endpoint';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { until } from './support/processes';
import { itWith } from './support/programs';
import { StubbedRelay } from './support/stubbed-relay';
import { WireguardPeer } from './wireguard-peer';

describeLab('the relay over IPv6', () => {
  const coturnIt = itWith('turnutils_stunclient', '-h', 'coturn');
  let lab: Lab;
  let server: Host, aliceHost: Host, bobHost: Host;
  let alice: WireguardPeer, bob: WireguardPeer;
  let relay: StubbedRelay;
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
    relay = await StubbedRelay.prepare(server);
  }, 60_000);

  afterEach(() => relay.stop());
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
      const endpoint = formatEndpoint({
        address,
        port: await relay.open('alice-bob', [alice.publicKey, bob.publicKey]),
      });
      const observed = relay.reported('pairs.observed');
      await Promise.all([alice.meet(bob, endpoint), bob.meet(alice, endpoint)]);
      expect(await alice.reaches(bob, 10)).toBe(true);
      const report = (await observed) as { observations: { endpoint: string }[] };
      const seen = report.observations.map((one) => one.endpoint.replace(/:\d+$/, '')).sort();
      expect(seen).toEqual([aliceHost, bobHost].map((host) => `[${host.ipv6Address}]`).sort());

      expect(await alice.isHeardBy(bob, 60)).toBe(true);
      if (forwarding)
        await until('the kernel carries the game', async () => (await relay.kernelPackets()) > 0);
      else expect(await relay.kernelPackets()).toBe(0);
    },
    60_000,
  );

  function startRelay(settings: NodeJS.ProcessEnv = {}): Promise<string[]> {
    return relay.start({ LANRAGE_PUBLIC_ADDRESS: address, ...settings });
  }
});
