/** A party among a machine's own networks: they clash before it, or come later, and other programs tidy it away. */
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

/** The bar for putting back what another program took away. */
const REPAIR = { timeoutMs: 2_000, intervalMs: 25 };
const HOST_ADDRESS = '10.66.0.1';

describeLab('a party on a machine with other networks', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let carol: LabPlayer;
  let partyId: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.publicHost('alice'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'port_restricted'), server.url);
    carol = await LabPlayer.at(await lab.publicHost('carol'), server.url);
    partyId = (await alice.create('Networks')).party.id;
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice, bob, carol].map((player) => player?.stop()));
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob, carol].map((player) => player?.removeHome()));
  }, 60_000);

  const ip = async (...args: string[]) => {
    const { code, stdout, stderr } = await bob.host.exec(['ip', ...args]);
    if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const run = async (...commands: string[]) => {
    const gateway = `${bob.host.lan?.prefix}.1`;
    for (const command of commands) await ip(...command.replace('GATEWAY', gateway).split(' '));
  };
  const aliceAsBobSeesHer = async () => (await bob.status()).party.peers.find(({ isHost }) => isHost);
  const isPlaying = async () => (await bob.ping(HOST_ADDRESS, { count: 1 })) === 1;

  it.each([
    ['a network of its own', ['address add 10.66.0.9/24 dev eth0'], 'eth0 is in 10.66.0.9/24'],
    ['a VPN', ['route add 10.66.0.0/24 dev eth0'], 'it has a route to 10.66.0.0/24 by eth0'],
    [
      'a rule for everything',
      ['route add default via GATEWAY dev eth0 table 77', 'rule add priority 77 table 77'],
      'a rule sends what is for it elsewhere by eth0 (routing table 77, default)',
    ],
  ])(
    'is refused where %s has its addresses, before anything is changed',
    async (_name, commands, words) => {
      await run(...commands);
      const { code, stderr } = await bob.run('join', partyId);
      await run(...commands.reverse().map((command) => command.replace(' add ', ' delete ')));
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('error ADDRESS_CLASH:') });
      expect(stderr.replace(/\s+/g, ' ')).toContain(words);
      expect(await bob.foreignDevices()).toEqual([]);
      expect((await alice.status()).peerCount).toBe(1);
    },
    30_000,
  );

  it('is entered where nothing has them', async () => {
    await bob.join(partyId);
    await bob.reaches(HOST_ADDRESS);
    await bob.settles();
  }, 40_000);

  it.each([
    [
      'address',
      async () => void (await ip('address', 'flush', 'dev', bob.host.interfaceName, 'scope', 'global')),
    ],
    ['route', async () => void (await ip('route', 'delete', '10.66.0.0/16'))],
    ['link', async () => void (await ip('link', 'set', bob.host.interfaceName, 'down'))],
  ])(
    'has its %s back when another program took it away',
    async (_name, takeAway) => {
      await takeAway();
      await until(
        'Alice is reached by the tunnel again',
        async () => {
          const { stdout } = await bob.host.exec(['ip', 'route', 'get', HOST_ADDRESS]);
          return stdout.includes(`dev ${bob.host.interfaceName}`);
        },
        REPAIR,
      );
      await until('the game goes on', isPlaying, { timeoutMs: 15_000 });
    },
    30_000,
  );

  it('says that it was repaired', async () => {
    const findings = await bob.findings();
    expect(findings.map(({ code }) => code)).toContain('tunnel_repaired');
    expect(bob.logs).toContain('another program removed part of the network');
  }, 20_000);

  it('does not take the home router that got the address of the host for the host', async () => {
    const router = bob.host.homeRouter;
    await router?.exec(['ip', 'address', 'add', `${HOST_ADDRESS}/32`, 'dev', 'lan']);
    await ip('route', 'add', HOST_ADDRESS, 'dev', 'eth0');
    expect(await bob.ping(HOST_ADDRESS, { count: 1 })).toBe(1);
    const peer = await until(
      'the status is another one',
      async () => {
        const seen = await aliceAsBobSeesHer();
        return seen?.connectionType === 'failed' && seen;
      },
      REPAIR,
    );
    expect(peer).toMatchObject({
      latencyMs: null,
      reason: { code: 'routed_elsewhere', message: expect.stringContaining(`${HOST_ADDRESS} to eth0`) },
    });
    expect(await bob.findings()).toContainEqual(
      expect.objectContaining({ code: 'routed_elsewhere', severity: 'problem' }),
    );
    await ip('route', 'delete', HOST_ADDRESS);
    await router?.exec(['ip', 'address', 'delete', `${HOST_ADDRESS}/32`, 'dev', 'lan']);
    await until(
      'she is reached again',
      async () => (await aliceAsBobSeesHer())?.connectionType !== 'failed',
      REPAIR,
    );
    await bob.reaches(HOST_ADDRESS);
  }, 40_000);

  it('is told of by its own network, where two agents of one machine are in two', async () => {
    const second = await LabPlayer.at(bob.host, server.url);
    second.extraSettings.LANRAGE_INTERFACE = `${bob.host.interfaceName.slice(0, 13)}-2`;
    try {
      const { party } = await second.create('Elsewhere');
      expect(party.network).not.toBe('10.66.0.0/16');
      await carol.join(party.id);
      const own = await second.virtualIp();
      await Promise.all([
        carol.reaches(own),
        second.reaches(await carol.virtualIp()),
        bob.reaches(HOST_ADDRESS),
      ]);
      expect(own).toBe(party.network.replace('0.0/16', '0.1'));
    } finally {
      await second.stop();
      await second.removeHome();
    }
  }, 60_000);

  it('is refused to the second agent of a machine in the same party, with what to do', async () => {
    const second = await LabPlayer.at(bob.host, server.url);
    second.extraSettings.LANRAGE_INTERFACE = `${bob.host.interfaceName.slice(0, 13)}-2`;
    const { code, stderr } = await second.run('join', partyId);
    await second.removeHome();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('error ADDRESS_CLASH:') });
    expect(stderr.replace(/\s+/g, ' ')).toMatch(/lanrage create NAME --network 10\.\d+\.0\.0\/16/);
  }, 30_000);

  it('has a new interface when another program deleted its own', async () => {
    await ip('link', 'delete', bob.host.interfaceName);
    await bob.reaches(HOST_ADDRESS);
  }, 30_000);
});
