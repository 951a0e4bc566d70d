/**
 * What it costs that LAN games find each other: how much later a copy of a broadcast arrives than the game's own unicast in the same
 * run, between two players without NAT, and how much processor the agent takes for it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartyStatus } from '../e2e/support/lab-player';
import { LabServer } from '../e2e/support/lab-server';
import { PartyAgent } from '../e2e/support/party-agent';
import { collectOutput, until } from '../e2e/support/processes';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { runBenchmark } from './support/command';
import { percentile, progress, round, type Bar } from './support/report';
import type { Section } from './support/sections';

const PORT = 27_960;
const PLAYERS = 31;
const stamps = join(__dirname, 'support/udp-stamps.mjs');
const gameServer = join(__dirname, 'support/game-server.mjs');
const cost = join(__dirname, 'support/discovery-cost.mjs');

interface Cost {
  /** Milliseconds of a second. */
  readonly rest: number;
  readonly carrying: number;
  readonly copies: number;
}

async function measure(args: readonly string[]): Promise<Section> {
  const count = args.includes('--quick') ? 100 : 1_000;
  const lab = await Lab.create();
  try {
    const server = await LabServer.start(await lab.publicHost('server'), { LANRAGE_LOG_LEVEL: 'warn' });
    const alice = await PartyAgent.start(await lab.publicHost('alice'), server);
    const bob = await PartyAgent.start(await lab.publicHost('bob'), server);
    const created = await alice.create('Bench');
    const { virtualIp } = await bob.join(created.partyId);
    await alice.seen('direct');
    // The search for a better path is over by then.
    await sleep(5_000);
    progress('unicast, then copies');
    const unicast = await delays(alice.host, bob.host, virtualIp, count);
    const copies = await delays(alice.host, bob.host, '255.255.255.255', count);
    progress('servers that start');
    const asked = await untilListed(alice.host, bob, 'asked', 'Bench', () => bob.games());
    const announced = await untilListed(alice.host, bob, 'announces', 'Minecraft', () => bob.status());
    await Promise.all([alice, bob].map((agent) => agent.stop()));
    await server.stop();
    progress(`${PLAYERS} players who are not there`);
    const costs = await costOf(await lab.publicHost('carol'));
    return sectionOf(unicast, copies, count, costs, { asked, announced });
  } finally {
    await lab.close();
  }
}

/** Milliseconds, of each that arrived. */
async function delays(from: Host, to: Host, address: string, count: number): Promise<number[]> {
  const receiver = to.spawn([process.execPath, stamps, 'receive', String(PORT)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output = collectOutput(receiver);
  await until('the receiver is ready', () => output.stdout.startsWith('ready'));
  const { code, stderr } = await from.exec([
    process.execPath,
    stamps,
    'send',
    String(PORT),
    address,
    String(count),
  ]);
  if (code !== 0) throw new Error(stderr);
  await sleep(500);
  receiver.kill();
  return output.stdout
    .split('\n')
    .slice(1, -1)
    .map((line) => Number(line) / 1000);
}

/** Milliseconds from the start of a server to when another player's agent lists it. */
async function untilListed(
  host: Host,
  at: PartyAgent,
  kind: 'asked' | 'announces',
  name: string,
  list: () => Promise<PartyStatus>,
): Promise<number> {
  const server = host.spawn([process.execPath, gameServer, kind], { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = collectOutput(server);
  const startedAtMs = Number(await until('the server runs', () => output.stdout.trim() || undefined));
  await until(
    `${at.host.name} lists ${name}`,
    async () => {
      const { discovery } = await list();
      return discovery?.servers.some(({ game }) => game === name);
    },
    { intervalMs: 5 },
  );
  const ms = Date.now() - startedAtMs;
  server.kill();
  return ms;
}

/** In the tunnel of a WireGuard that knows nobody, so that what is sent into it ends there. */
async function costOf(host: Host): Promise<Cost> {
  const { interfaceName } = host;
  const wireguard = host.spawn(['wireguard-go', '--foreground', interfaceName], { stdio: 'ignore' });
  const commands = [`address add 10.66.0.1/16 dev ${interfaceName}`, `link set ${interfaceName} mtu 1280 up`];
  const script = commands.map((command) => `ip ${command}`).join(' && ');
  await until('the interface is there', async () => (await host.exec(['sh', '-c', script])).code === 0);
  const argv = [process.execPath, cost, interfaceName, '10.66.0.1', String(PLAYERS)];
  const { stdout } = await host.exec(argv);
  wireguard.kill();
  return JSON.parse(stdout) as Cost;
}

function sectionOf(
  unicast: readonly number[],
  copies: readonly number[],
  count: number,
  costs: Cost,
  listed: { readonly asked: number; readonly announced: number },
): Section {
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(copies, share) - percentile(unicast, share));
  const row = (name: string, values: readonly number[]) => [
    name,
    values.length,
    round(percentile(values, 0.5)),
    round(percentile(values, 0.99)),
  ];
  const bars: Bar[] = [
    {
      name: 'copies that did not arrive, or twice',
      measured: Math.abs(count - copies.length),
      unit: '',
      most: 0,
    },
    { name: 'added delay, p50', measured: p50 ?? NaN, unit: 'ms', most: 0.5 },
    { name: 'added delay, p99', measured: p99 ?? NaN, unit: 'ms', most: 2 },
    { name: 'processor at rest', measured: costs.rest / 10, unit: '% of a core', most: 0.1 },
    {
      name: `processor at 100/s, ${PLAYERS} players`,
      measured: costs.carrying / 10,
      unit: '% of a core',
      most: 1.5,
    },
    { name: 'a server that starts is in `lanrage games`', measured: listed.asked, unit: 'ms', most: 2_000 },
    { name: 'a server that announces itself is listed', measured: listed.announced, unit: 'ms', most: 100 },
  ];
  return {
    tables: [
      {
        title: 'From a game to a game, through the tunnel',
        columns: ['datagrams', 'arrived', 'p50 ms', 'p99 ms'],
        rows: [row('unicast of the game', unicast), row('copies of broadcasts', copies)],
      },
      {
        title: `Processor of discovery with ${PLAYERS} players, ms of each second`,
        columns: ['', 'ms/s', 'copies'],
        rows: [
          ['at rest', round(costs.rest), 0],
          ['100 broadcasts a second', round(costs.carrying), costs.copies],
        ],
      },
    ],
    bars,
  };
}

const command = 'npm run bench:discovery';
const about =
  'Measures how late copies of broadcasts arrive, and what they cost. Root on Linux; two minutes.';
void runBenchmark({ command, about, measure }, process.argv.slice(2));
