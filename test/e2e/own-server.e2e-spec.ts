/** `lanrage host`: a server on a player's machine at home, for friends of other networks and of the own one. */
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { PortMapper } from '../lab/port-mapper';
import { LabPlayer, type PartyStatus } from './support/lab-player';
import { prepareDatabase } from './support/prepared-database';
import { until } from './support/processes';
import { itWith } from './support/programs';

interface Hosted extends PartyStatus {
  link: string;
  homeLink: string | null;
  reach: { kind: string; address: string; obstacle?: { kind: string } };
}

describeLab('a party on a server of its own', () => {
  const mapperIt = itWith('miniupnpd', '--version', 'miniupnpd-nftables');
  let lab: Lab;
  const players: LabPlayer[] = [];
  const mappers: PortMapper[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
  }, 30_000);

  afterEach(async () => {
    await Promise.all(players.map((player) => player.stop()));
    await Promise.all(players.splice(0).map((player) => player.removeHome()));
    await Promise.all(mappers.splice(0).map((mapper) => mapper.stop()));
  }, 30_000);

  afterAll(() => lab.close());

  mapperIt(
    'is joined from anywhere where the router maps ports, and leaves nothing there',
    async () => {
      const home = await lab.hostBehind('alice', 'port_restricted');
      const mapper = await PortMapper.start(home, { upnp: true });
      mappers.push(mapper);
      const alice = await hostAt(home);
      const bob = await playerAt(await lab.hostBehind('bob', 'symmetric'));
      const dave = await playerAt(await lab.sameLanAs(home, 'dave'));

      const { publicAddress } = home.router;
      const hosted = (await alice.enters('host', 'Gaming Night', '--max-players', '3')) as Hosted;
      expect(hosted.reach).toEqual({ kind: 'mapped', address: publicAddress });
      expect(hosted.link).toContain(`http://${publicAddress}:8080/#join=`);
      expect(hosted.homeLink).toContain(`http://${home.address}:8080/#join=`);
      // HTTP, two of STUN, two for each player; and the one of the agent's own WireGuard.
      await until('all is mapped', async () => (await mapper.mappings()).length === 1 + 2 + 6 + 1);

      await bob.join(hosted.link);
      // The router does not lead what comes from inside to its public address back in.
      await dave.join(hosted.homeLink ?? '');
      const address = await alice.virtualIp();
      await bob.reaches(address, 60_000);
      await dave.reaches(address, 60_000);
      // Nobody but Alice listens in this namespace; her agent reaches the server as friends do.
      expect(await alice.status()).toMatchObject({ controlConnected: true, peerCount: 3 });

      await alice.stop('SIGINT');
      for (const friend of [bob, dave]) {
        expect(await friend.ended()).toBe(1);
        expect(friend.logs).toContain('"code":"PARTY_CLOSED"');
      }
      expect(await mapper.mappings()).toEqual([]);
      expect(await loopbackOf(home)).not.toContain(publicAddress);
      expect(await alice.foreignDevices()).toEqual([]);
    },
    180_000,
  );

  mapperIt(
    'says behind the NAT of a provider who can join, and what to do',
    async () => {
      const home = await lab.hostBehind('carol', 'cgnat');
      mappers.push(await PortMapper.start(home, { pcp: true, upnp: true, strict: true }));
      const carol = await hostAt(home);
      carol.start('host', 'Two of us', '--max-players', '2');
      const words = () => carol.logs.replaceAll(/\s+/g, ' ');
      await until('the party is open', () => words().includes('Ctrl-C closes the party'), {
        timeoutMs: 120_000,
      });
      const text = words();
      expect(text).toContain(`http://${home.address}:8080/#join=`);
      expect(text).toMatch(/Only friends in your own network can join by this link: .* no public address/);
      expect(text).toContain('your provider shares an address among many customers');
      expect(text).toContain(
        `forward TCP 8080 and UDP 3478, 3479 and 51900-51903 to ${home.address}, and start it with LANRAGE_PUBLIC_ADDRESS`,
      );
      process.kill(carol.pid, 'SIGINT');
      expect(await carol.ended()).toBe(0);
    },
    180_000,
  );

  async function playerAt(host: Host): Promise<LabPlayer> {
    const player = await LabPlayer.at(host, 'http://192.0.2.1:9');
    players.push(player);
    return player;
  }

  /** With a database that is there already, as on the second evening. */
  async function hostAt(host: Host): Promise<LabPlayer> {
    const player = await playerAt(host);
    await prepareDatabase(join(player.home, 'server'));
    return player;
  }

  async function loopbackOf(host: Host): Promise<string> {
    return (await host.exec(['ip', '-brief', 'address', 'show', 'lo'])).stdout;
  }
});
