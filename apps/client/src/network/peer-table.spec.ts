import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { DeviceChange, DeviceReading, PeerChange, WireGuardDevice } from './device';
import { inwardEndpoint, outwardEndpoint, type Ipv4Way } from './ipv4/translation';
import { prefixOf, type Nat64Prefix } from './ipv4/nat64-prefix';
import { PeerTable } from './peer-table';

const prefix = prefixOf('64:ff9b::', 96) as Nat64Prefix;
const bobsIp = '10.66.0.2' as VirtualIp;
const home = parseEndpoint('203.0.113.7:51900') as Endpoint;
const homeByNat64 = parseEndpoint('[64:ff9b::cb00:7107]:51900') as Endpoint;
const homeByIpv6 = parseEndpoint('[2001:db8::7]:51900') as Endpoint;

/** Peers with their endpoints, and what was changed. */
class FakeDevice implements WireGuardDevice {
  readonly changes: PeerChange[][] = [];
  private readonly endpoints = new Map<string, Endpoint | null>();

  configure({ peers = [] }: DeviceChange): Promise<void> {
    this.changes.push([...peers]);
    for (const peer of peers) {
      if (peer.remove) this.endpoints.delete(peer.publicKey);
      else this.endpoints.set(peer.publicKey, peer.endpoint);
    }
    return Promise.resolve();
  }

  read(): Promise<DeviceReading> {
    const counters = { handshakeAtMs: null, rxBytes: 0, txBytes: 0 };
    const peers = [...this.endpoints].map(([publicKey, endpoint]) => ({ publicKey, endpoint, ...counters }));
    return Promise.resolve({ listenPort: 51_820, peers });
  }
}

describe('the peers of the interface', () => {
  let device: FakeDevice | undefined;
  let way: Ipv4Way;
  let table: PeerTable;

  beforeEach(() => {
    device = new FakeDevice();
    way = { kind: 'native' };
    table = new PeerTable(() => Promise.resolve(device), {
      inward: (endpoint) => inwardEndpoint(endpoint, [prefix]),
      outward: (endpoint) => outwardEndpoint(endpoint, way),
    });
  });

  const endpointOf = async (publicKey: string) => (await table.read()).get(publicKey)?.endpoint;

  it('lose their session when they are added again, in one call, and keep it when they are pointed elsewhere', async () => {
    await table.add('bob', bobsIp, home);
    await table.point('bob', homeByIpv6);
    expect(device?.changes).toEqual([
      [
        { publicKey: 'bob', remove: true },
        { publicKey: 'bob', endpoint: home, virtualIp: bobsIp, keepaliveSeconds: 25 },
      ],
      [{ publicKey: 'bob', update: true, endpoint: homeByIpv6 }],
    ]);
  });

  it('are known by their own endpoints, however WireGuard gets there', async () => {
    way = { kind: 'nat64', prefix };
    await table.add('bob', bobsIp, home);
    expect(device?.changes.flat().at(-1)).toMatchObject({ endpoint: homeByNat64 });
    expect(await endpointOf('bob')).toBe(home);
  });

  it('are pointed to where they are by another way, and nobody else', async () => {
    await table.add('bob', bobsIp, home);
    await table.add('carol', '10.66.0.3' as VirtualIp, homeByIpv6);
    way = { kind: 'nat64', prefix };
    await table.renewEndpoints();
    expect(device?.changes.at(-1)).toEqual([{ publicKey: 'bob', update: true, endpoint: homeByNat64 }]);
    const before = device?.changes.length;
    await table.renewEndpoints();
    expect(device?.changes.length).toBe(before);
  });

  it('have the addresses to which the kernel has to send, until they are removed', async () => {
    await table.add('bob', bobsIp, home);
    expect([table.has('bob', bobsIp), table.has('bob', '10.66.0.3' as VirtualIp)]).toEqual([true, false]);
    expect([...table.virtualIps()]).toEqual([bobsIp]);
    await table.remove('bob');
    expect([...table.virtualIps()]).toEqual([]);
    expect(await endpointOf('bob')).toBeUndefined();
  });

  it('are nobody while there is no interface', async () => {
    device = undefined;
    await table.add('bob', bobsIp, home);
    await table.renewEndpoints();
    expect(await table.read()).toEqual(new Map());
  });
});
