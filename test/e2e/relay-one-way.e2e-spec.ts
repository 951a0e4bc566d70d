/**
 * Data in one direction between real WireGuards behind NATs, for longer than an end may stay silent: WireGuard's keepalives
 * have to be answer enough for the relay, also while the players rekey and while the router of one forgets its mapping.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RelayChild, type RelayPath } from '../bench/support/relay-child';
import { describeBpfLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { WireguardPeer } from './wireguard-peer';

const gamePort = 27_015;
const everyMs = 10;
/** More than the 25 s after which an end that does not answer is not proven. */
const durationMs = 32_000;
const rekeysAfterMs = 10_000;
const reboundAfterMs = 20_000;
const datagram = 'x'.repeat(500);

describeBpfLab('data in one direction', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.create();
  });
  afterAll(() => lab.close());

  const startStream = async (path: RelayPath, prefix: string) => {
    const server = await lab.publicHost(`${prefix}server`);
    await server.exec(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    const aliceHost = await lab.hostBehind(`${prefix}alice`, 'port_restricted');
    const bobHost = await lab.hostBehind(`${prefix}bob`, 'symmetric');
    const [alice, bob] = [new WireguardPeer(aliceHost, '10.66.0.1'), new WireguardPeer(bobHost, '10.66.0.2')];
    await Promise.all([alice.start(), bob.start()]);
    const relay = await RelayChild.startOn(server, server.address, path);
    const endpoint = `${server.address}:${await relay.openFor('alice-bob', [alice.publicKey, bob.publicKey])}`;
    await Promise.all([alice.meet(bob, endpoint), bob.meet(alice, endpoint)]);
    expect(await alice.reaches(bob, 6)).toBe(true);
    const from = await UdpEndpoint.open(aliceHost, { address: alice.virtualIp });
    const to = await UdpEndpoint.open(bobHost, { address: bob.virtualIp, port: gamePort });
    return { relay, alice, bob, aliceHost, from, to, endpoint };
  };

  /** How many datagrams were sent, and how many did not arrive. */
  const play = async ({
    alice,
    bob,
    aliceHost,
    from,
    to,
    endpoint,
  }: Awaited<ReturnType<typeof startStream>>) => {
    const startedAtMs = performance.now();
    let sent = 0;
    const rekeyed = sleep(rekeysAfterMs).then(() => alice.meet(bob, endpoint));
    const rebound = sleep(reboundAfterMs).then(() => aliceHost.router.rebind());
    for (let at = 0; at < durationMs; at += everyMs) {
      await sleep(Math.max(0, startedAtMs + at - performance.now()));
      // While the peer is taken out and put in again there is nobody to send to.
      await from.send(datagram, `${bob.virtualIp}:${gamePort}`).then(
        () => sent++,
        () => undefined,
      );
    }
    await Promise.all([rekeyed, rebound]);
    return { sent, lost: sent - (await to.drain()).length };
  };

  it('loses nothing in user space nor in the kernel', async () => {
    const inUserSpace = await startStream('user space', 'u');
    const inKernel = await startStream('BPF', 'k');
    const results = await Promise.all([inUserSpace, inKernel].map(play));
    const { kernelPackets } = await inKernel.relay.report();
    for (const { sent, lost } of results) {
      expect(sent).toBeGreaterThan(0.9 * (durationMs / everyMs));
      // A second of being held would lose a hundred.
      expect(lost).toBeLessThan(50);
    }
    expect(kernelPackets).toBeGreaterThan(1000);
  }, 60_000);
});
