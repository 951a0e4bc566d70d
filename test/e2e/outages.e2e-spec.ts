import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

describeLab('a party through outages', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let partyId: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'), {
      LANRAGE_PRESENCE_TIMEOUT_SECONDS: '20',
    });
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'symmetric'), server.url);
  }, 120_000);

  afterAll(async () => {
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  beforeEach(async () => {
    partyId = (await alice.create('Through the night')).party.id;
    await bob.join(partyId);
    await bob.reaches(await alice.virtualIp());
    await Promise.all([alice, bob].map((player) => player.settles()));
  }, 60_000);

  afterEach(async () => {
    await Promise.all([alice.stop(), bob.stop()]);
  }, 30_000);

  it('goes on while the control plane is killed and restarted', async () => {
    const address = await alice.virtualIp();
    await server.killApp('control');
    expect(await bob.ping(address, { count: 20, intervalSeconds: 0.1 })).toBe(20);

    const duringRestart = bob.ping(address, { count: 50, intervalSeconds: 0.1 });
    await server.startApp('control');
    expect(await duringRestart).toBe(50);

    const carol = await LabPlayer.at(await lab.hostBehind('carol', 'open'), server.url);
    await carol.join(partyId);
    await carol.reaches(address);
    for (const player of [alice, bob, carol])
      await until(`${player.name} sees three online`, async () => {
        const { party } = await player.status();
        return party.id === partyId && party.peers.filter(({ online }) => online).length === 3;
      });
    await carol.stop();
    await carol.removeHome();
  }, 120_000);

  it('hears of a newcomer also behind a router that has forgotten all connections', async () => {
    await bob.host.router.rebind();
    const carol = await LabPlayer.at(await lab.hostBehind('late', 'open'), server.url);
    await carol.join(partyId);
    // Far less than the 35 s after which the server's own pings would be missed.
    await until('Bob sees three', async () => (await bob.status()).peerCount === 3, { timeoutMs: 20_000 });
    await carol.stop();
    await carol.removeHome();
  }, 60_000);

  it('comes back by itself after the relay was killed and restarted', async () => {
    const address = await alice.virtualIp();
    await server.killApp('relay');
    expect(await bob.ping(address, { count: 2 })).toBe(0);
    await server.startApp('relay');
    await bob.reaches(address, 20_000);
    expect(await bob.ping(address, { count: 20, intervalSeconds: 0.05 })).toBe(20);
  }, 60_000);

  it('lets a player leave while the server is down, which hears of it from another one later', async () => {
    await server.killApp('control');
    const left = await bob.run('leave');
    expect(left.code).toBe(0);
    // So it cannot tell the server itself any more.
    expect(await bob.ended()).toBe(0);
    expect(await bob.foreignDevices()).toEqual([]);
    await until(
      'Alice sees Bob gone without the server',
      async () => {
        const { party } = await alice.status();
        return party.peers.every(({ name, online }) => name !== 'Bob' || !online);
      },
      { timeoutMs: 3000 },
    );
    await server.startApp('control');
    // Alice does not show Bob whatever the server says; a player who comes now sees what it believes.
    const carol = await LabPlayer.at(await lab.hostBehind('witness', 'open'), server.url);
    await carol.join(partyId);
    // Less than the 20 s after which the server would let him go by itself.
    await until('the server let Bob go', async () => (await carol.status()).peerCount === 2, {
      timeoutMs: 14_000,
    });
    await carol.stop();
    await carol.removeHome();
  }, 60_000);

  it('cleans up at the next start after an agent was killed', async () => {
    await bob.stop('SIGKILL');
    await bob.startAgent();
    expect(await bob.foreignDevices()).toEqual([]);
    expect(existsSync(`/var/run/wireguard/${bob.host.interfaceName}.sock`)).toBe(false);
    await until('the others were told', async () => (await alice.status()).peerCount === 1);
    await bob.stop('SIGTERM');
    expect((await readdir(bob.home)).filter((name) => name.endsWith('.sock'))).toEqual([]);
    expect(existsSync(join(bob.home, 'identity.key'))).toBe(true);
  }, 60_000);
});
