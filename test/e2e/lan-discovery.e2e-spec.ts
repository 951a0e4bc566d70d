/** Games that look for each other by broadcasts and multicasts, and find those of other homes, as ordinary programs on real sockets. */
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeLab } from '../lab/available';
import { compile } from '../lab/compile';
import { Lab } from '../lab/lab';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { othersIn } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { PartyAgent } from './support/party-agent';
import { collectOutput, until } from './support/processes';
import { itWith } from './support/programs';
import type { Host } from '../lab/host';

const ONE_WAY_MS = 5;
/** Some servers refuse to run as root. */
const NOBODY = 65_534;
const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
const itWithServers = [
  itWith('/usr/games/openttd', '-h', 'openttd'),
  itWith('/usr/games/teeworlds-server', 'shutdown', 'teeworlds-server'),
].includes(it.skip)
  ? it.skip
  : it;

describeLab('a party of four: two in one home, one in another, and one via the relay', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: PartyAgent;
  let sibling: PartyAgent;
  let bob: PartyAgent;
  let carol: PartyAgent;
  let partyId: string;
  const addresses = new Map<PartyAgent, string>();
  const games: UdpEndpoint[] = [];

  /** A game's socket. */
  const game = async ({ host }: PartyAgent, port = 0, address = '0.0.0.0') => {
    const socket = await UdpEndpoint.open(host, { port, address });
    games.push(socket);
    return socket;
  };
  const addressOf = (agent: PartyAgent) => addresses.get(agent) ?? '';
  const connectionsOf = async (agent: PartyAgent) =>
    othersIn(await agent.status()).map(({ connectionType }) => connectionType);
  const flowOf = async (agent: PartyAgent, port: number) =>
    (await agent.status()).discovery?.flows.find((flow) => flow.port === port);
  /** What has come, once a later broadcast has come from there, and then something else by the same way. */
  const heard = async (socket: UdpEndpoint, by: UdpEndpoint, at: PartyAgent) => {
    const other = await game(at);
    const later = other.receive();
    await repeated(() => by.send('later', `255.255.255.255:${other.port}`), later);
    const mark = `mark ${Math.random()}`;
    await by.send(mark, `${addressOf(at)}:${socket.port}`);
    const all: string[] = [];
    for (;;) {
      const { text, from } = await socket.receive();
      if (text === mark) return all;
      all.push(`${text} from ${from}`);
    }
  };

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server', { delayMs: ONE_WAY_MS }));
    const behind = (name: string) => lab.hostBehind(name, 'port_restricted', { delayMs: ONE_WAY_MS });
    const start = (host: Host, settings: NodeJS.ProcessEnv = {}) => PartyAgent.start(host, server, settings);
    alice = await start(await behind('alice'));
    sibling = await start(await lab.sameLanAs(alice.host, 'sibling'));
    bob = await start(await behind('bob'));
    carol = await start(await behind('carol'), { LANRAGE_DIRECT: 'off' });
    const created = await alice.create('Lobby');
    partyId = created.partyId;
    addresses.set(alice, created.virtualIp);
    for (const agent of [sibling, bob, carol]) addresses.set(agent, (await agent.join(partyId)).virtualIp);
    await until(
      'Alice reaches everybody, and those who can directly',
      async () => (await connectionsOf(alice)).sort().join() === 'direct,direct,relayed',
      { timeoutMs: 75_000 },
    );
  }, 150_000);

  afterEach(async () => {
    for (const socket of games.splice(0)) await socket.close();
  });

  afterAll(async () => {
    await Promise.all([alice, sibling, bob, carol].map((agent) => agent?.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  it('shows a server to a player who asks everybody, each once, and answers come by the tunnel', async () => {
    const servers = await Promise.all([sibling, bob, carol].map((agent) => game(agent, 27_960)));
    const client = await game(alice);
    await client.send('getinfo', '255.255.255.255:27960');
    const [atSibling, atBob, atCarol] = await Promise.all(servers.map((socket) => socket.receive()));
    // Who sits in the same home hears the broadcast itself.
    expect(atSibling?.from).toBe(`${alice.host.address}:${client.port}`);
    for (const question of [atBob, atCarol])
      expect(question).toEqual({ text: 'getinfo', from: `${addressOf(alice)}:${client.port}` });
    for (const socket of servers.slice(1))
      await socket.send('infoResponse', `${addressOf(alice)}:${client.port}`);
    const answers = [await client.receive(), await client.receive()].map(({ from }) => from);
    expect(answers.sort()).toEqual([bob, carol].map((agent) => `${addressOf(agent)}:27960`).sort());
    const [second] = servers;
    for (const socket of servers.slice(1)) {
      const agent = socket === servers[1] ? bob : carol;
      expect(await heard(socket, client, agent)).toEqual([]);
    }
    expect(await second?.drain()).toEqual([]);
    const destination = '255.255.255.255';
    expect(await flowOf(alice, 27_960)).toMatchObject({ destination, carried: 1, copies: 2 });
  }, 30_000);

  it('shows what a server announces, to a group, to the home, and twice if it says so twice', async () => {
    const listeners = await Promise.all([alice, carol].map((agent) => game(agent, 4_445)));
    const host = await game(bob, 4_445);
    const homeBroadcast = bob.host.address.replace(/\d+$/, '255');
    for (const to of ['224.0.2.60:4445', '224.0.2.60:4445', `${homeBroadcast}:4445`])
      await host.send(`[MOTD]Bob[/MOTD] ${to}`, to);
    for (const [place, socket] of listeners.entries()) {
      const all = await heard(socket, host, place === 0 ? alice : carol);
      const from = `from ${addressOf(bob)}:4445`;
      expect(all.sort()).toEqual(
        [
          `[MOTD]Bob[/MOTD] ${homeBroadcast}:4445 ${from}`,
          `[MOTD]Bob[/MOTD] 224.0.2.60:4445 ${from}`,
          `[MOTD]Bob[/MOTD] 224.0.2.60:4445 ${from}`,
        ].sort(),
      );
    }
  }, 30_000);

  it('is heard once of a game that asks on each interface by itself', async () => {
    const [listener, other] = await Promise.all([game(carol, 6_112), game(bob)]);
    const ask = `
      const { createSocket } = require('node:dgram');
      const ask = ([from, to]) => new Promise((resolve) => {
        const socket = createSocket('udp4').bind(6112, from, () => {
          socket.setBroadcast(true);
          resolve(() => socket.send('hello', 6112, to, () => socket.close()));
        });
      });
      Promise.all(JSON.parse(process.argv[1]).map(ask)).then((asks) => asks.forEach((send) => send()));`;
    const ways = [
      [bob.host.address, '255.255.255.255'],
      [addressOf(bob), '10.66.255.255'],
    ];
    const { code } = await bob.host.exec([process.execPath, '-e', ask, JSON.stringify(ways)]);
    expect(code).toBe(0);
    expect(await heard(listener, other, carol)).toEqual([`hello from ${addressOf(bob)}:6112`]);
  }, 30_000);

  itWith('/usr/games/chocolate-doom', '-version', 'chocolate-doom')(
    'fills the list of a real client with a real server of another home: Chocolate Doom',
    async () => {
      const doom = bob.host.spawn(['/usr/games/chocolate-server', '-privateserver'], { stdio: 'ignore' });
      try {
        await until('the server is listed', async () => {
          const { stdout } = await carol.host.exec(['/usr/games/chocolate-doom', '-localsearch']);
          return new RegExp(`^ *\\d+ ${addressOf(bob)} +0/8 `, 'm').test(stdout);
        });
        // Who asked, and who was asked, know the game now; nobody else has heard of it.
        const doomIn = async (agent: PartyAgent) =>
          (await agent.status()).discovery?.servers.find(({ game }) => game === 'Chocolate Doom');
        const expected = { name: 'Unnamed server', virtualIp: addressOf(bob), port: 2_342 };
        expect(await doomIn(carol)).toMatchObject(expected);
        expect(await doomIn(bob)).toMatchObject(expected);
        expect(await doomIn(alice)).toBeUndefined();
      } finally {
        doom.kill();
      }
    },
    30_000,
  );

  itWith('/usr/games/freeciv-server', '--version', 'freeciv-server')(
    'reaches a real server that is asked by a group, and answers to one: Freeciv',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lanrage-freeciv-'));
      await chown(folder, NOBODY, NOBODY);
      const freeciv = bob.host.spawn(
        [...asNobody, '/usr/games/freeciv-server', '--Announce', 'IPv4', '--saves', folder],
        { stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: process.env['PATH'], HOME: folder } },
      );
      try {
        const [client, answers] = await Promise.all([game(alice), game(alice, 4_556)]);
        const answered = answers.receive();
        const [{ text, from }] = await Promise.all([
          answered,
          repeated(() => client.send('\u0002TEST?\0', '225.1.1.1:4555'), answered),
        ]);
        expect(from.split(':')[0]).toBe(addressOf(bob));
        expect(text).toContain('5556');
      } finally {
        freeciv.kill('SIGKILL');
        await rm(folder, { recursive: true });
      }
    },
    30_000,
  );

  itWithServers(
    'has the servers of another home, of games that say nothing until they are asked: Teeworlds, OpenTTD',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lanrage-openttd-'));
      const settings = join(folder, 'openttd.cfg');
      await writeFile(settings, '[game_creation]\nmap_x = 6\nmap_y = 6\n');
      await chown(folder, NOBODY, NOBODY);
      // It ends with its input.
      const openTtd = bob.host.spawn(
        [...asNobody, '/usr/games/openttd', '-D', '0.0.0.0:3979', '-x', '-c', settings],
        { stdio: ['pipe', 'ignore', 'ignore'], env: { HOME: folder, XDG_DATA_HOME: folder } },
      );
      const teeworlds = bob.host.spawn(
        [...asNobody, '/usr/games/teeworlds-server', "sv_name Bob's", 'sv_register 0'],
        { stdio: 'ignore', env: { HOME: folder } },
      );
      try {
        const serversOf = async (agent: PartyAgent) =>
          ((await agent.games()).discovery?.servers ?? []).filter(({ game }) =>
            ['Teeworlds', 'OpenTTD'].includes(game),
          );
        const expected = [
          { game: 'OpenTTD', name: null, virtualIp: addressOf(bob), port: 3_979 },
          { game: 'Teeworlds', name: "Bob's", virtualIp: addressOf(bob), port: 8_303 },
        ];
        await until('both run', async () => (await serversOf(carol)).length === 2);
        expect(await serversOf(carol)).toMatchObject(expected);
        expect(await serversOf(bob)).toMatchObject(expected);
        // And as the games ask, by a broadcast. OpenTTD does so by that of its home network.
        const client = await game(alice);
        const answers = client.receive();
        const homeBroadcast = alice.host.address.replace(/\d+$/, '255');
        await repeated(() => client.send('\u0003\0\0', `${homeBroadcast}:3979`), answers);
        expect((await answers).from).toBe(`${addressOf(bob)}:3979`);
      } finally {
        openTtd.kill('SIGKILL');
        teeworlds.kill('SIGKILL');
        await rm(folder, { recursive: true });
      }
    },
    60_000,
  );

  it('reaches a listener as Minecraft has it, in Java, and shows what it announces', async () => {
    const program = await compile(join(__dirname, 'support/java-listener.c'));
    const listener = carol.host.spawn([program, '4445', '224.0.2.60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const output = collectOutput(listener);
      await until('the listener is ready', () => output.stdout.startsWith('ready'));
      const host = await game(bob);
      await host.send("[MOTD]Bob's World[/MOTD][AD]54321[/AD]", '224.0.2.60:4445');
      const line = await until('the world is heard', () => output.stdout.split('\n')[1] || undefined);
      expect(line).toBe(`[MOTD]Bob's World[/MOTD][AD]54321[/AD] from ::ffff:${addressOf(bob)}:${host.port}`);
      const shown = await until('the world is shown', async () =>
        (await carol.status()).discovery?.servers.find(({ game: name }) => name === 'Minecraft'),
      );
      expect(shown).toMatchObject({ name: "Bob's World", virtualIp: addressOf(bob), port: 54_321 });
    } finally {
      listener.kill();
    }
  }, 30_000);

  it('tells nobody of the devices of a home, nor what is too large', async () => {
    const listeners = await Promise.all([5_353, 1_900, 27_036, 40_000].map((port) => game(carol, port)));
    const device = await game(bob);
    await device.send('mDNS', '224.0.0.251:5353');
    await device.send('SSDP', '239.255.255.250:1900');
    await device.send('Steam', '255.255.255.255:27036');
    await device.send('x'.repeat(1_300), '255.255.255.255:40000');
    for (const socket of listeners) expect(await heard(socket, device, carol)).toEqual([]);
  }, 30_000);

  it('does not slow down what else a machine does when a game floods', async () => {
    const listener = await game(carol, 7_777);
    const flood = await game(bob);
    for (let number = 0; number < 600; number++) await flood.send(`${number}`, '255.255.255.255:7777');
    const arrived = await heard(listener, flood, carol);
    expect(arrived.length).toBeGreaterThanOrEqual(200);
    expect(arrived.length).toBeLessThan(500);
    const { length: carried } = arrived;
    expect(await flowOf(bob, 7_777)).toMatchObject({ carried, limited: 600 - carried });
  }, 30_000);

  it('goes on after the address of the machine has changed, and ends with the party', async () => {
    const listener = await game(carol, 28_784);
    const { code } = await bob.host.exec(['ip', 'address', 'add', '192.168.99.5/24', 'dev', 'eth0']);
    expect(code).toBe(0);
    const client = await game(bob, 0, '192.168.99.5');
    const arrived = listener.receive();
    await repeated(() => client.send('ping', '192.168.99.255:28784'), arrived);
    expect((await arrived).from).toBe(`${addressOf(bob)}:${client.port}`);
    const sockets = async () =>
      (await carol.host.exec(['ss', '--packet', '--raw', '--numeric', '--no-header'])).stdout.trim();
    expect(await sockets()).not.toBe('');
    await carol.leave();
    expect(await sockets()).toBe('');
  }, 30_000);
});

/** Does this again and again, until something has happened. */
async function repeated(work: () => Promise<void>, happens: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = happens.then(() => (isOver = true));
  while (!isOver) {
    await work();
    await Promise.race([over, delay(300)]);
  }
}
