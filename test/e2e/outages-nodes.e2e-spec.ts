/** Games of real agents, while one of two control nodes is killed and while Redis is away. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedServer } from '../../apps/control/src/database/embedded-server';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { end, until } from './support/processes';

describeLab('a party on two control nodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-nodes-'));
  const helpers: ChildProcess[] = [];
  let lab: Lab;
  let host: Host;
  let database: EmbeddedServer;
  let nodes: LabServer[] = [];
  let redis: ChildProcess;
  let alice: LabPlayer;
  let bob: LabPlayer;

  const startNode = (port: string) => {
    const { host: socket, user, database: name } = database.connection;
    return LabServer.startControl(host, {
      LANRAGE_HTTP_PORT: port,
      DATABASE_URL: `postgres://${user}@localhost/${name}?host=${encodeURIComponent(String(socket))}`,
      REDIS_URL: 'redis://127.0.0.1:6379',
      LANRAGE_TOKEN_SECRET: 'both nodes sign with this',
      LANRAGE_PUBLIC_URL: `http://${host.address}:8080`,
    });
  };
  const spawn = (command: string[], stdio: 'ignore' | 'ipc') => {
    const child = host.spawn(command, { stdio: ['ignore', 'ignore', 'inherit', stdio] });
    helpers.push(child);
    return child;
  };
  const startRedis = () => {
    redis = spawn(['redis-server', '--bind', '127.0.0.1', '--save', '', '--dir', folder], 'ignore');
  };
  const seesBothOnline = (player: LabPlayer) =>
    until(`${player.name} sees two online`, async () => {
      const { party } = await player.status();
      return party.peers.filter(({ online }) => online).length === 2;
    });

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.publicHost('server');
    database = await EmbeddedServer.start(join(folder, 'postgres'));
    startRedis();
    nodes = await Promise.all([startNode('8081'), startNode('8082')]);
    spawn([process.execPath, join(__dirname, 'support/balancer.mjs'), '8080', '8081', '8082'], 'ipc');
    await nodes[0]?.startApp('relay');
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), nodes[0]?.url ?? '');
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'symmetric'), nodes[0]?.url ?? '');
  }, 120_000);

  beforeEach(async () => {
    await bob.join((await alice.create('On two legs')).party.id);
    await bob.reaches(await alice.virtualIp());
    await Promise.all([alice, bob].map((player) => player.settles()));
  }, 60_000);

  afterEach(async () => {
    await Promise.all([alice, bob].map((player) => player?.stop()));
  }, 30_000);

  afterAll(async () => {
    for (const player of [alice, bob]) await player?.removeHome();
    for (const node of nodes) await node.stop();
    for (const helper of helpers) await end(helper, 'SIGTERM');
    await database?.stop();
    await lab?.close();
    await rm(folder, { recursive: true });
  }, 60_000);

  it('goes on while either node is killed, and its agents are with the other one', async () => {
    const address = await alice.virtualIp();
    for (const place of [0, 1]) {
      const pings = bob.ping(address, { count: 50, intervalSeconds: 0.1 });
      await nodes[place]?.killApp('control');
      expect(await pings).toBe(50);
      await Promise.all([alice, bob].map(seesBothOnline));
      const carol = await LabPlayer.at(await lab.hostBehind(`carol${place}`, 'open'), nodes[0]?.url ?? '');
      await carol.join((await alice.status()).party.id);
      await carol.reaches(address);
      await carol.stop();
      await carol.removeHome();
      await nodes[place]?.startApp('control');
    }
  }, 120_000);

  it('goes on while Redis is away, and is whole when it is back with nothing', async () => {
    const address = await alice.virtualIp();
    await end(redis, 'SIGKILL');
    expect(await bob.ping(address, { count: 60, intervalSeconds: 0.1 })).toBe(60);
    startRedis();
    expect(await bob.ping(address, { count: 20, intervalSeconds: 0.1 })).toBe(20);
    await Promise.all([alice, bob].map(seesBothOnline));
    expect((await alice.status()).peerCount).toBe(2);
  }, 60_000);
});
