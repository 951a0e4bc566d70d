import { randomBytes } from 'node:crypto';
import { publicKeyOf } from '#shared/auth/proof';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { LanrageError } from '#shared/errors';
import type { WireGuardDevice } from '../../apps/client/src/network/device';
import { isUapiSocketLive, UapiDevice, uapiSocketPath } from '../../apps/client/src/network/uapi-device';
import { WgToolDevice } from '../../apps/client/src/network/wg-tool';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { until } from './support/processes';

const LISTEN_PORT = 51_000;

/** A wireguard-go on a host of its own; it listens and speaks, though its interface has no address. */
class Station {
  readonly privateKey = randomBytes(32);
  readonly publicKey = publicKeyOf(this.privateKey);

  private constructor(
    readonly host: Host,
    readonly device: WireGuardDevice,
  ) {}

  static async start(host: Host, makeDevice: (interfaceName: string) => WireGuardDevice): Promise<Station> {
    const { interfaceName } = host;
    host.spawn(['wireguard-go', '-f', interfaceName], { stdio: 'ignore' });
    await until('wireguard-go answers', () => isUapiSocketLive(uapiSocketPath(interfaceName)));
    const station = new Station(host, makeDevice(interfaceName));
    await station.device.configure({ privateKey: station.privateKey, listenPort: LISTEN_PORT });
    return station;
  }

  get endpoint(): Endpoint {
    return parseEndpoint(`${this.host.address}:${LISTEN_PORT}`) as Endpoint;
  }

  peer(other: Station) {
    const { publicKey, endpoint } = other;
    return { publicKey, endpoint, virtualIp: '10.66.0.9' as VirtualIp, keepaliveSeconds: 25 };
  }

  async reading(other: Station) {
    return (await this.device.read()).peers.find(({ publicKey }) => publicKey === other.publicKey);
  }

  handshakeWith(other: Station): Promise<number> {
    return until(
      'the handshake completes',
      async () => (await this.reading(other))?.handshakeAtMs ?? undefined,
    );
  }
}

for (const [name, makeDevice] of [
  ['its own socket', (interfaceName: string) => new UapiDevice(uapiSocketPath(interfaceName))],
  ['the wg tool', (interfaceName: string) => new WgToolDevice(interfaceName)],
] as const) {
  describeLab(`a WireGuard device spoken to by ${name}`, () => {
    let lab: Lab;
    let alice: Station;
    let bob: Station;

    beforeAll(async () => {
      lab = await Lab.create();
      [alice, bob] = await Promise.all([
        Station.start(await lab.publicHost('alice'), makeDevice),
        Station.start(await lab.publicHost('bob'), makeDevice),
      ]);
    }, 60_000);

    afterAll(async () => {
      await lab?.close();
    }, 30_000);

    it('has no peers at first', async () => {
      expect((await alice.device.read()).peers).toEqual([]);
    });

    it('shows a peer that does not answer as one without handshake', async () => {
      await alice.device.configure({ peers: [alice.peer(bob)] });
      await until('the initiation is sent', async () => ((await alice.reading(bob))?.txBytes ?? 0) > 0);
      expect(await alice.reading(bob)).toMatchObject({
        publicKey: bob.publicKey,
        endpoint: bob.endpoint,
        handshakeAtMs: null,
        rxBytes: 0,
      });
    });

    it('shakes hands as soon as both have each other, without any traffic', async () => {
      await bob.device.configure({ peers: [bob.peer(alice)] });
      const [first, second] = await Promise.all([alice.handshakeWith(bob), bob.handshakeWith(alice)]);
      expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
      expect(Math.abs(second - Date.now())).toBeLessThan(60_000);
      expect((await alice.reading(bob))?.rxBytes).toBeGreaterThan(0);
    });

    it('starts over when the peer is removed and added in one call', async () => {
      const before = await bob.reading(alice);
      await alice.device.configure({
        peers: [{ publicKey: bob.publicKey, remove: true }, alice.peer(bob)],
      });
      await alice.handshakeWith(bob);
      // An initiation (148 bytes) or a response (92) and a keepalive (32) at the least.
      const grown = async () => ((await bob.reading(alice))?.rxBytes ?? 0) >= (before?.rxBytes ?? 0) + 124;
      await until('the other side received the new handshake', grown);
      expect((await alice.device.read()).peers).toHaveLength(1);
    });

    it('forgets a peer that is removed', async () => {
      await alice.device.configure({ peers: [{ publicKey: bob.publicKey, remove: true }] });
      expect((await alice.device.read()).peers).toEqual([]);
    });

    it('refuses a port that is taken, and takes another', async () => {
      const { port } = await UdpEndpoint.open(alice.host);
      const refused = alice.device.configure({ listenPort: port });
      await expect(refused).rejects.toMatchObject({ code: 'INTERFACE_FAILED' });
      await alice.device.configure({ listenPort: 0 });
    });

    it('that is gone is an INTERFACE_FAILED', async () => {
      await bob.host.exec(['ip', 'link', 'delete', 'dev', bob.host.interfaceName]);
      const gone = async () => !(await isUapiSocketLive(uapiSocketPath(bob.host.interfaceName)));
      await until('wireguard-go has ended', gone);
      await expect(bob.device.read()).rejects.toThrow(LanrageError);
    });
  });
}
