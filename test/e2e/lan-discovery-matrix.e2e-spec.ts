/**
 * Every way in which a game asks or answers, on machines of every kind: bound sockets, several interfaces, VPNs, firewalls, containers.
 * Alice asks, Bob has the server; each case says how often it is heard there, and whether the answer arrives.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Namespace } from '../lab/namespace';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { ip, runScript } from '../lab/script';
import { LabServer } from './support/lab-server';
import { LanGames, type GameSocket, type SocketOptions } from './support/lan-games';
import { PartyAgent } from './support/party-agent';
import { root, until } from './support/processes';

const EVERYBODY = '255.255.255.255';
const GROUP = '239.7.7.7';
/** What is sent there shows that everything before it has arrived. */
const marks = { group: '239.9.9.9', bobPort: 39_999, alicePort: 39_998 } as const;

/** A module of discovery, as a word of JavaScript. */
const compiled = (name: string) => JSON.stringify(join(root, `dist/apps/client/src/discovery/${name}.js`));

interface Machines {
  /** Addresses of homes, and in the party. */
  readonly aliceHome: string;
  readonly bobHome: string;
  readonly alice: string;
  readonly bob: string;
  readonly gateway: string;
}

interface Trial {
  readonly to?: string;
  readonly text?: string;
  readonly port?: number;
  readonly asker?: SocketOptions;
  readonly servers?: readonly SocketOptions[];
  /** How often, by all servers together; 1 unless told. */
  readonly heard?: number;
  /** True unless told, or nothing is heard. */
  readonly answered?: boolean;
  /** Shell commands on a machine, and those that undo them. */
  readonly alice?: readonly [string, string];
  readonly bob?: readonly [string, string];
}

/** Lets in what was asked for, the tunnel's own packets, and the marks. */
const statefulFirewall = [
  `nft -f - <<'END'
table inet fw { chain in { type filter hook input priority 0; policy drop;
  ct state established,related accept; iif lo accept; meta l4proto icmp accept; udp dport 10066 accept
  udp dport { ${marks.bobPort}, ${marks.alicePort} } accept; iifname eth0 accept
}; }
END`,
  'nft delete table inet fw',
] as const;
const killSwitch = [
  `nft 'add table inet ks; add chain inet ks out { type filter hook output priority 0; }; add rule inet ks out ip daddr ${EVERYBODY} drop'`,
  'nft delete table inet ks',
] as const;
const ways = ({ gateway }: Machines) =>
  ['192.0.2.0/24', '203.0.113.0/24'].map((network) => `ip route add ${network} via ${gateway}`).join(' && ');
const noWays = 'ip route del 192.0.2.0/24; ip route del 203.0.113.0/24';

const trials: Record<string, (machines: Machines) => Trial> = {
  'a question of a socket that is not bound': () => ({}),
  'an announcement to a group': () => ({ to: GROUP, servers: [{ join: GROUP }] }),
  'an announcement to the home network': ({ aliceHome }) => ({ to: aliceHome.replace(/\d+$/, '255') }),
  'a question to the party itself': ({ alice }) => ({ to: alice.replace(/\d+\.\d+$/, '255.255') }),
  'a socket bound to the address in the party': ({ alice }) => ({ asker: { address: alice } }),
  'a server bound to the address in the party': ({ bob }) => ({ servers: [{ address: bob }] }),
  'a socket bound to the home address hears no answer': ({ aliceHome }) => ({
    asker: { address: aliceHome },
    answered: false,
  }),
  'a server bound to the home address hears nothing': ({ bobHome }) => ({
    servers: [{ address: bobHome }],
    heard: 0,
  }),
  'a server bound to the group hears nothing': () => ({
    to: GROUP,
    servers: [{ address: GROUP, join: GROUP }],
    heard: 0,
  }),
  'two servers on one port, one of which hears it': () => ({ servers: [{ shared: true }, { shared: true }] }),
  'two servers on one port in a group, one of which hears it': () => ({
    to: GROUP,
    servers: [
      { shared: true, join: GROUP },
      { shared: true, join: GROUP },
    ],
  }),
  'what fits the tunnel': () => ({ text: 'x'.repeat(1_252) }),
  'one byte more': () => ({ text: 'x'.repeat(1_253), heard: 0 }),
  'names of devices (mDNS)': () => ({ to: '224.0.0.251', port: 5_353, heard: 0 }),
  'devices (SSDP)': () => ({ to: '239.255.255.250', port: 1_900, heard: 0 }),
  'devices by another port': () => ({ to: '239.255.255.250', heard: 0 }),
  NetBIOS: ({ aliceHome }) => ({ to: aliceHome.replace(/\d+$/, '255'), port: 137, heard: 0 }),
  DHCP: () => ({ port: 67, heard: 0 }),
  'Steam Remote Play': () => ({ port: 27_036, heard: 0 }),
  Dropbox: () => ({ port: 17_500, heard: 0 }),
  'a firewall of the asker that lets in answers alone': () => ({ alice: statefulFirewall }),
  'a firewall of the server that lets in answers alone': () => ({ bob: statefulFirewall, heard: 0 }),
  'a firewall that lets no broadcast leave': () => ({
    alice: killSwitch,
    heard: 0,
  }),
  'a server that checks where packets come from (rp_filter)': () => ({
    bob: ['sysctl -qw net.ipv4.conf.all.rp_filter=1', 'sysctl -qw net.ipv4.conf.all.rp_filter=0'],
  }),
  'a second network, by which the game sends': () => ({
    alice: [
      'ip link add wl0 type veth peer name wl1 && ip link set wl1 up && ip addr add 192.168.77.5/24 brd + dev wl0 && ip link set wl0 up',
      'ip link del wl0',
    ],
    to: GROUP,
    asker: { via: '192.168.77.5' },
    servers: [{ join: GROUP }],
  }),
  'a VPN that takes everything': (machines) => ({
    alice: [
      `${ways(machines)} && ip link add vpn0 type veth peer name vpn1 && ip link set vpn1 up && ip addr add 10.8.0.5/24 dev vpn0 &&
       ip link set vpn0 up && ip route add 0.0.0.0/1 dev vpn0 && ip route add 128.0.0.0/1 dev vpn0`,
      `ip link del vpn0; ${noWays}`,
    ],
  }),
  'no default route': (machines) => ({
    alice: [
      `${ways(machines)} && ip route del default`,
      `ip route add default via ${machines.gateway}; ${noWays}`,
    ],
  }),
};

describeLab('a game that looks for others', () => {
  let lab: Lab;
  let server: LabServer;
  /** Something else in Alice's home. */
  let device: Host;
  let agents: { alice: PartyAgent; bob: PartyAgent };
  let machines: Machines;
  let games: { alice: LanGames; bob: LanGames; device: LanGames };
  let markers: { alice: GameSocket; bob: GameSocket };
  let ports = 41_000;
  let count = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    const [aliceHost, bobHost] = [
      await lab.hostBehind('alice', 'port_restricted'),
      await lab.hostBehind('bob', 'port_restricted'),
    ];
    device = await lab.sameLanAs(aliceHost, 'device');
    agents = {
      alice: await PartyAgent.start(aliceHost, server),
      bob: await PartyAgent.start(bobHost, server),
    };
    const created = await agents.alice.create('Matrix');
    const joined = await agents.bob.join(created.partyId);
    machines = {
      aliceHome: aliceHost.address,
      bobHome: bobHost.address,
      alice: created.virtualIp,
      bob: joined.virtualIp,
      gateway: aliceHost.address.replace(/\d+$/, '1'),
    };
    games = {
      alice: await LanGames.start(aliceHost),
      bob: await LanGames.start(bobHost),
      device: await LanGames.start(device),
    };
    await agents.alice.seen('direct', 75_000);
  }, 120_000);

  beforeEach(async () => {
    markers = {
      alice: await games.alice.socket({ port: marks.alicePort }),
      bob: await games.bob.socket({ port: marks.bobPort }),
    };
  });

  afterEach(async () => {
    await Promise.all(Object.values(games).map((all) => all.closeAll()));
  });

  afterAll(async () => {
    await Promise.all(Object.values(games ?? {}).map((all) => all.stop()));
    await Promise.all(Object.values(agents ?? {}).map((agent) => agent.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  /** Resolves when whatever was carried before has arrived at Bob's, and what was answered to it at Alice's. */
  async function settled(): Promise<void> {
    const mark = `mark ${++count}`;
    const isHeard = (socket: GameSocket) => socket.heard.some((one) => one.startsWith(`${mark} `));
    await until(
      'a mark is carried',
      async () => {
        await markers.alice.send(mark, marks.group, marks.bobPort);
        await games.bob.settle();
        return isHeard(markers.bob);
      },
      { intervalMs: 20 },
    );
    await markers.bob.send(mark, machines.alice, marks.alicePort);
    await markers.alice.hears(mark);
    await games.alice.settle();
  }

  const shell = async (agent: PartyAgent, script: string | undefined) => {
    if (script === undefined) return;
    const { code, stderr } = await agent.host.exec(['sh', '-c', script]);
    if (code !== 0) throw new Error(stderr);
  };
  const heardBy = (sockets: readonly GameSocket[], text: string) =>
    sockets.flatMap(({ heard }) => heard.filter((one) => one.startsWith(`${text} from `)));

  it.each(Object.entries(trials))('%s', async (_name, trialOf) => {
    const trial = trialOf(machines);
    const { to = EVERYBODY, text = `question ${++count}`, port = ++ports, heard = 1 } = trial;
    try {
      await shell(agents.alice, trial.alice?.[0]);
      await shell(agents.bob, trial.bob?.[0]);
      const asker = await games.alice.socket(trial.asker);
      const servers: GameSocket[] = [];
      for (const options of trial.servers ?? [{}])
        servers.push(await games.bob.socket({ port, answers: true, ...options }));
      // The agent knows of another interface or route less than a second after it came.
      if (trial.alice && heard > 0)
        await until('the machine is known as it is', async () => {
          await asker.send('first', to, port);
          await games.bob.settle();
          return heardBy(servers, 'first').length > 0;
        });
      await asker.send(text, to, port);
      await settled();
      const from = `${text} from ${machines.alice}:${asker.port}`;
      expect(heardBy(servers, text)).toEqual(Array<string>(heard).fill(from));
      const answers = heardBy([asker], `answer ${text}`);
      const isAnswered = trial.answered ?? heard > 0;
      expect(answers).toEqual(isAnswered ? [`answer ${text} from ${machines.bob}:${port}`] : []);
    } finally {
      await agents.alice.host.exec(['sh', '-c', trial.alice?.[1] ?? '']);
      await agents.bob.host.exec(['sh', '-c', trial.bob?.[1] ?? '']);
    }
  });

  it('that a firewall keeps from asking is seen by the doctor', async () => {
    const { host } = agents.alice;
    const ask = `require(${compiled('broadcast-fault')}).broadcastFault().then(console.log)`;
    const faultOf = async () => (await host.exec([process.execPath, '-e', ask])).stdout.trim();
    expect(await faultOf()).toBe('null');
    await shell(agents.alice, killSwitch[0]);
    expect(await faultOf()).toBe('EPERM');
    await shell(agents.alice, killSwitch[1]);
  });

  it('leaves no route behind when there is a default route again', async () => {
    const { stdout } = await until('the routes are gone', async () => {
      const routes = await agents.alice.host.exec(['ip', 'route']);
      return !routes.stdout.includes(EVERYBODY) && routes;
    });
    expect(stdout).toContain('default via');
    expect(stdout).not.toContain('224.0.0.0');
  });

  it('reaches a hundred players, who are more than leave with one system call', async () => {
    const tunnel = [
      'link add tunnel type veth peer name nowhere',
      'link set nowhere up',
      'link set tunnel arp off up',
      'address add 10.66.0.1/16 dev tunnel',
    ];
    const made = await device.exec(['ip', '-batch', '-'], { input: tunnel.join('\n') });
    expect(made).toMatchObject({ code: 0 });
    const play = `
      const { LanDiscovery } = require(${compiled('lan-discovery')});
      const { createSocket } = require('node:dgram');
      const players = Array.from({ length: 100 }, (_, index) => ({ virtualIp: '10.66.1.' + index, directEndpoint: null }));
      const lan = new LanDiscovery('tunnel', () => players, () => undefined);
      lan.begin('10.66.0.1', 'all').then(() => {
        const game = createSocket('udp4').bind(0, () => {
          game.setBroadcast(true);
          game.send('getinfo', 27960, '255.255.255.255');
        });
        const look = () => {
          const [flow] = lan.info().flows;
          if (flow === undefined) return setTimeout(look, 10);
          console.log(flow.copies);
          process.exit();
        };
        look();
      });`;
    const sentBy = async () =>
      Number((await device.exec(['cat', '/sys/class/net/tunnel/statistics/tx_packets'])).stdout);
    const before = await sentBy();
    expect((await device.exec([process.execPath, '-e', play])).stdout.trim()).toBe('100');
    expect((await sentBy()) - before).toBeGreaterThanOrEqual(100);
  });

  it('is not mixed up with other devices of its home, nor with containers of its machine', async () => {
    const { host } = agents.alice;
    const container = new Namespace(`${host.namespace}-box`);
    const port = ++ports;
    const listener = await games.bob.socket({ port });
    await runScript(
      ip(null, [`netns add ${container.namespace}`]) +
        ip(host.namespace, [
          'link add box type bridge',
          'address add 172.17.0.1/16 brd + dev box',
          'link set box up',
          `link add inner type veth peer name eth0 netns ${container.namespace}`,
          'link set inner master box up',
        ]) +
        ip(container.namespace, [
          'address add 172.17.0.2/16 brd + dev eth0',
          'link set eth0 up',
          'route add default via 172.17.0.1',
        ]),
    );
    const boxed = await LanGames.start(container);
    try {
      for (const strangers of [boxed, games.device])
        expect(await (await strangers.socket()).send('not a game of Alice', EVERYBODY, port)).toBeNull();
      await settled();
      expect(listener.heard).toEqual([]);
    } finally {
      await boxed.stop();
      await runScript(
        ip(null, [`netns delete ${container.namespace}`]) + ip(host.namespace, ['link delete box']),
      );
    }
  });

  it('goes round in no circle when everybody announces, and hears all the others', async () => {
    const port = ++ports;
    const [alice, bob] = [await games.alice.socket({ port }), await games.bob.socket({ port })];
    for (let number = 1; number <= 5; number++) {
      await alice.send(`Alice ${number}`, EVERYBODY, port);
      await bob.send(`Bob ${number}`, EVERYBODY, port);
    }
    for (const number of [1, 2, 3, 4, 5]) {
      await bob.hears(`Alice ${number}`);
      await alice.hears(`Bob ${number}`);
    }
    await settled();
    expect(heardBy([alice], 'Bob 3')).toEqual([`Bob 3 from ${machines.bob}:${port}`]);
    // Their own they hear from their home networks, as ever.
    expect([alice.heard.length, bob.heard.length]).toEqual([10, 10]);
    expect(heardBy([bob], 'Bob 3')).toEqual([`Bob 3 from ${machines.bobHome}:${port}`]);
  });

  it('at 10,000 a second costs others nothing: neither other games, nor what goes to a player', async () => {
    const [floodPort, port] = [++ports, ++ports];
    const [flooded, listener] = [
      await games.bob.socket({ port: floodPort }),
      await games.bob.socket({ port }),
    ];
    const [flood, asker] = [await games.alice.socket(), await games.alice.socket()];
    let isOver = false;
    const flooding = flood.send('flood', EVERYBODY, floodPort, 8_000).then(() => (isOver = true));
    let sent = 0;
    while (!isOver) {
      sent += 1;
      await asker.send(`other ${sent}`, EVERYBODY, port);
      await asker.send(`unicast ${sent}`, machines.bob, port);
      await listener.hears(`other ${sent}`);
      await listener.hears(`unicast ${sent}`);
      // As a game asks, not as one that floods.
      await delay(30);
    }
    await flooding;
    await settled();
    expect(sent).toBeGreaterThan(0);
    expect(listener.heard).toHaveLength(2 * sent);
    expect(flooded.heard.length).toBeGreaterThanOrEqual(200);
    expect(flooded.heard.length).toBeLessThan(4_000);
  });
});
