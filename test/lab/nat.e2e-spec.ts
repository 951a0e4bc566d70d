import { describeLab } from './available';
import { Host } from './host';
import { Lab } from './lab';
import { NatKind, natKinds } from './nat';
import { UdpEndpoint } from './udp-endpoint';

/** RFC 4787 sections 4.1 and 5. */
type Dependence = 'endpoint-independent' | 'address-dependent' | 'address- and port-dependent' | 'blocked';

interface Behaviour {
  mapping: Dependence;
  filtering: Dependence;
  hairpin: boolean;
}

const behaviours: Record<NatKind, Behaviour> = {
  open: { mapping: 'endpoint-independent', filtering: 'endpoint-independent', hairpin: false },
  full_cone: { mapping: 'endpoint-independent', filtering: 'endpoint-independent', hairpin: false },
  full_cone_hairpin: { mapping: 'endpoint-independent', filtering: 'endpoint-independent', hairpin: true },
  address_restricted: { mapping: 'endpoint-independent', filtering: 'address-dependent', hairpin: false },
  port_restricted: {
    mapping: 'endpoint-independent',
    filtering: 'address- and port-dependent',
    hairpin: false,
  },
  symmetric: {
    mapping: 'address- and port-dependent',
    filtering: 'address- and port-dependent',
    hairpin: false,
  },
  cgnat: { mapping: 'endpoint-independent', filtering: 'address- and port-dependent', hairpin: false },
  cgnat_symmetric: {
    mapping: 'address- and port-dependent',
    filtering: 'address- and port-dependent',
    hairpin: false,
  },
  udp_blocked: { mapping: 'blocked', filtering: 'blocked', hairpin: false },
};

const natted = natKinds.filter((kind) => kind !== 'open');
const rebindable = natted.filter((kind) => kind !== 'udp_blocked');

describeLab('NATs of the lab', () => {
  let lab: Lab;
  let server: Host;
  let hosts: Map<NatKind, Host>;
  let siblings: Map<NatKind, Host>;
  /** Sockets of the test that runs. */
  const sockets: UdpEndpoint[] = [];
  /** The RFC 5780 set: an endpoint, the same address with another port, another address. */
  let home: UdpEndpoint, otherPort: UdpEndpoint, otherAddress: UdpEndpoint;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await lab.publicHost('server', { addresses: 2 });
    hosts = new Map();
    siblings = new Map();
    for (const [index, kind] of natKinds.entries())
      hosts.set(kind, await lab.hostBehind(`host${index}`, kind));
    for (const [index, kind] of natted.entries()) {
      siblings.set(kind, await lab.sameLanAs(hostBehind(kind), `sibling${index}`));
    }
    const [first, second] = server.addresses;
    [home, otherPort, otherAddress] = await Promise.all([
      UdpEndpoint.open(server, { address: first, port: 3478 }),
      UdpEndpoint.open(server, { address: first, port: 3479 }),
      UdpEndpoint.open(server, { address: second ?? '', port: 3478 }),
    ]);
  }, 30_000);

  afterEach(() => Promise.all(sockets.splice(0).map((socket) => socket.close())));

  afterAll(() => lab.close());

  test.each(natKinds)('%s maps, filters and hairpins as it claims', async (kind) => {
    expect(await behaviourOf(kind)).toEqual(behaviours[kind]);
  });

  test.each(rebindable)('%s stays what it is when it forgets its mappings', async (kind) => {
    await hostBehind(kind).router.rebind();
    expect(await behaviourOf(kind)).toEqual(behaviours[kind]);
  });

  test.each(rebindable)(
    '%s gives a flow another port, and closes the old one, when it rebinds',
    async (kind) => {
      const host = hostBehind(kind);
      const socket = await openSocket(host);
      const before = await mappedEndpoint(host, socket, home);
      await host.router.rebind();
      await home.send('to the old mapping', before ?? '');
      await pathsSettled(host);
      expect(await socket.drain()).toEqual([]);

      const after = await mappedEndpoint(host, socket, home);
      expect(after).toMatch(new RegExp(`^${host.router.publicAddress}:`));
      expect(after).not.toBe(before);
      await home.send('to the new mapping', after ?? '');
      expect((await socket.receive()).text).toBe('to the new mapping');
    },
  );

  test('hosts behind different NATs have no way to each other but their public addresses', async () => {
    const [alice, bob] = [hostBehind('full_cone'), hostBehind('symmetric')];
    expect((await alice.exec(['ping', '-c1', '-W1', bob.router.publicAddress])).code).toBe(0);
    expect((await alice.exec(['ping', '-c1', '-W1', bob.address])).code).toBe(1);
  });

  function hostBehind(kind: NatKind): Host {
    const host = hosts.get(kind);
    if (!host) throw new Error(`No host behind ${kind}`);
    return host;
  }

  async function openSocket(host: Host): Promise<UdpEndpoint> {
    const socket = await UdpEndpoint.open(host);
    sockets.push(socket);
    return socket;
  }

  async function behaviourOf(kind: NatKind): Promise<Behaviour> {
    const host = hostBehind(kind);
    return {
      mapping: await mappingOf(host),
      filtering: await filteringOf(host),
      hairpin: await hairpinOf(kind),
    };
  }

  async function mappingOf(host: Host): Promise<Dependence> {
    const socket = await openSocket(host);
    const reference = await mappedEndpoint(host, socket, home);
    if (reference === null) return 'blocked';
    expect(reference).toMatch(new RegExp(`^${host.router.publicAddress}:`));
    const portMatters = (await mappedEndpoint(host, socket, otherPort)) !== reference;
    const addressMatters = (await mappedEndpoint(host, socket, otherAddress)) !== reference;
    return dependence(addressMatters, portMatters);
  }

  async function filteringOf(host: Host): Promise<Dependence> {
    const socket = await openSocket(host);
    const mapped = await mappedEndpoint(host, socket, home);
    if (mapped === null) return 'blocked';
    await home.send('answer', mapped);
    await otherPort.send('other port', mapped);
    await otherAddress.send('other address', mapped);
    await pathsSettled(host);
    const arrived = (await socket.drain()).map(({ text }) => text);
    expect(arrived).toContain('answer');
    return dependence(!arrived.includes('other address'), !arrived.includes('other port'));
  }

  /** Whether a host reaches the public endpoint of another on its own LAN, and the answer comes from there. */
  async function hairpinOf(kind: NatKind): Promise<boolean> {
    const [host, sibling] = [hostBehind(kind), siblings.get(kind)];
    if (!sibling) return false;
    const [inner, outer] = await Promise.all([openSocket(sibling), openSocket(host)]);
    const mapped = await mappedEndpoint(sibling, inner, home);
    await mappedEndpoint(host, outer, home);
    if (mapped === null) return false;
    await outer.send('hairpin', mapped);
    await pathsSettled(host);
    const [arrived] = await inner.drain();
    if (!arrived) return false;
    expect(arrived.from).toMatch(new RegExp(`^${host.router.publicAddress}:`));
    await inner.send('answer', arrived.from);
    expect(await outer.receive()).toEqual({ text: 'answer', from: mapped });
    return true;
  }

  /** What a server sees as the source of a host's socket; null when nothing arrives. */
  async function mappedEndpoint(host: Host, socket: UdpEndpoint, via: UdpEndpoint): Promise<string | null> {
    await socket.send('which endpoint am I?', via.endpoint);
    await pathsSettled(host);
    const [arrived] = await via.drain();
    return arrived?.from ?? null;
  }

  /** Paths keep the order of packets: when a ping is answered, what was sent before it has arrived or is lost. */
  async function pathsSettled(host: Host): Promise<void> {
    expect(await host.exec(['ping', '-c1', server.address])).toMatchObject({ code: 0 });
  }
});

function dependence(onAddress: boolean, onPort: boolean): Dependence {
  if (onAddress && onPort) return 'address- and port-dependent';
  if (onAddress) return 'address-dependent';
  if (onPort) throw new Error('Depends on the port but not on the address');
  return 'endpoint-independent';
}
