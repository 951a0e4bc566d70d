/** Networks that carry IPv6 alone, with a NAT64 and without, where server, relay and other players have IPv4 alone. */
import type { NetcheckReport } from '../../apps/client/src/doctor/network-report';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { NameServer, type Names } from '../lab/names';
import { Nat64, withoutIpv4 } from '../lab/nat64';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { PartyAgent, type Entry } from './support/party-agent';
import { until } from './support/processes';
import { itWith } from './support/programs';

interface Translation {
  readonly prefix: string;
  /** What a DNS64 says; RFC 6052 section 2.2 has how prefixes and IPv4 addresses go together. */
  readonly names: Names;
}

/** The prefix is unique local. */
const local: Translation = {
  prefix: 'fd64::/96',
  names: {
    'ipv4only.arpa': ['192.0.0.170', 'fd64::192.0.0.170', 'fd64::192.0.0.171'],
    'server.lab': ['203.0.113.1', 'fd64::203.0.113.1'],
    'untranslated.lab': ['203.0.113.1'],
  },
};
/** The prefix is global. */
const own: Translation = {
  prefix: '2001:db8:64::/64',
  names: {
    'ipv4only.arpa': ['192.0.0.170', '2001:db8:64:0:c0:0:aa00:0', '2001:db8:64:0:c0:0:ab00:0'],
  },
};

describeLab('a player whose network carries IPv6 alone', () => {
  const translatedIt = itWith('tayga', '--help', 'tayga');
  let lab: Lab;
  let server: LabServer;
  let aliceHost: Host;
  let bobHost: Host;
  let alice: PartyAgent | undefined;
  let bob: PartyAgent;
  let network: readonly [Nat64, NameServer] | undefined;
  let entries: readonly [Entry, Entry];

  const ipv6Only = async (name: string) => {
    const host = await lab.hostBehind(name, 'port_restricted', { ipv6: 'firewalled' });
    await withoutIpv4(host);
    return host;
  };
  const translate = async ({ prefix, names }: Translation) => {
    await Promise.all((network ?? []).map((part) => part.stop()));
    network = [await Nat64.start(aliceHost, prefix), await NameServer.start(aliceHost, names)];
  };
  const meet = async () => {
    alice = await PartyAgent.start(aliceHost, server);
    const created = await alice.create('Hotspot');
    entries = [created, await bob.join(created.partyId)];
  };
  /** Once both have heard each other from wherever they send to since the last change of the network. */
  const play = () =>
    until('they reach each other', async () => {
      const [one, other] = entries.map(({ virtualIp }) => ['ping', '-n', '-c1', '-W1', virtualIp]);
      const pings = await Promise.all([aliceHost.exec(other ?? []), bobHost.exec(one ?? [])]);
      return pings.every(({ code }) => code === 0);
    });
  /** The endpoint of the only other player, as WireGuard has it. */
  const wireGuardsEndpoint = async () => {
    const { stdout } = await aliceHost.exec(['wg', 'show', aliceHost.interfaceName, 'endpoints']);
    return stdout.trim().split('\t')[1];
  };

  beforeAll(async () => {
    lab = await Lab.create();
    const serverHost = await lab.publicHost('server');
    expect(serverHost.address).toBe('203.0.113.1');
    server = await LabServer.start(serverHost);
    aliceHost = await ipv6Only('alice');
    bobHost = await lab.hostBehind('bob', 'port_restricted');
    bob = await PartyAgent.start(bobHost, server);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice, bob].flatMap((agent) => agent?.stop() ?? []));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  translatedIt(
    'reaches a server, relay and players by its NAT64, all of them known by their IPv4 addresses',
    async () => {
      await translate(local);
      await meet();
      const both = [alice, bob].flatMap((agent) => agent ?? []);
      await Promise.all(both.map((agent) => agent.seen('relayed')));
      const ways = await Promise.all(both.map((agent) => agent.seen('direct')));
      const publicAddresses = [bobHost, aliceHost].map(({ router }) => router.publicAddress);
      expect(ways.map(({ pathEndpoint }) => pathEndpoint?.split(':')[0])).toEqual(publicAddresses);
      expect(await wireGuardsEndpoint()).toMatch(/^\[fd64::/);
      await play();
    },
    60_000,
  );

  translatedIt.each(['server.lab', 'untranslated.lab'])(
    'learns what its NAT does, and that it is a NAT64, from a server that it knows as %s',
    async (name) => {
      const player = await LabPlayer.at(aliceHost, `http://${name}:8080`);
      const { stdout } = await player.run('netcheck', '--json');
      await player.removeHome();
      const { ipv4, natInfo, relays } = JSON.parse(stdout) as NetcheckReport;
      expect(ipv4).toEqual({ way: 'nat64', prefix: local.prefix });
      expect(natInfo.publicEndpoint).toContain(`${aliceHost.router.publicAddress}:`);
      expect(relays).toMatchObject([{ roundTripMs: expect.any(Number) as number }]);
    },
    30_000,
  );

  translatedIt(
    'plays on when the network gets another prefix',
    async () => {
      await translate(own);
      await aliceHost.exec(['ip', 'address', 'add', `${aliceHost.lan?.ipv6Prefix}::77/64`, 'dev', 'eth0']);
      await until('WireGuard sends by it', async () =>
        /^\[2001:db8:64:0:cb:/.test((await wireGuardsEndpoint()) ?? ''),
      );
      await play();
    },
    30_000,
  );

  it('is told so, where nothing translates', async () => {
    const dave = await LabPlayer.at(await ipv6Only('dave'), server.url);
    const words = 'this network has none: it has only IPv6';
    expect((await dave.run('create', 'Nowhere')).stderr).toContain(words);
    expect((await dave.run('netcheck')).stdout).toContain('IPv4           none here');
    const findings = await dave.findings();
    expect(findings.find(({ code }) => code === 'server_silent')?.advice).toContain(words);
    expect(findings.map(({ code }) => code)).toContain('no_ipv4');
    await dave.removeHome();
  }, 30_000);
});
