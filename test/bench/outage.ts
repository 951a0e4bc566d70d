/**
 * The control plane is killed or cut off, stays away for a while and comes back, with many players behind one address: how soon all of
 * them are back, whether one is refused or taken for gone, and what their games notice. In the lab, with the limits and
 * the presence time-out that the server has by itself. A few pairs play with WireGuard over direct paths; the others
 * are the whole agent without tunnels, for whose peers a stand-in answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LabServer } from '../e2e/support/lab-server';
import { until } from '../e2e/support/processes';
import { Lab } from '../lab/lab';
import { House, type HouseSize } from './outage/house';
import { runBenchmark } from './support/command';
import { percentile, progress, round, type Bar, type BenchTable } from './support/report';
import { chosenFrom, type Section } from './support/sections';

/** `cut-off`: the server runs on, but its cable is pulled out; longer than it takes to miss somebody, and the time-out. */
const seconds: Record<string, number> = { '5s': 5, '100s': 100, 'cut-off': 150, '10min': 600 };
const full: HouseSize = {
  crowd: 245,
  partySize: 9,
  pairsWithFriends: 5,
  pairsAtHome: 0,
  enteringPerSecond: 3,
};
const few: HouseSize = {
  crowd: 12,
  partySize: 4,
  pairsWithFriends: 1,
  pairsAtHome: 0,
  enteringPerSecond: 10,
};
const GAME_RATE = 30;
/** So that the way by the relay is longer than any direct one, however busy this machine is. */
const SERVER_ONE_WAY_MS = 15;
const LONGEST_RETURN_SECONDS = 10;
/** So much longer than the bar is waited, to tell how late who is late is. */
const PATIENCE_MS = 60_000;
const PROGRESS_MS = 30_000;
/** Long enough for what an outage sets off to be over. */
const AFTERMATH_MS = 5_000;

interface Outage {
  readonly name: string;
  readonly agents: number;
  /** From the server's return to each agent's snapshot; those who are not back are missing. */
  readonly backMs: readonly number[];
  readonly refusals: readonly string[];
  readonly turnedAway: number;
  readonly gone: readonly string[];
  readonly pairs: number;
  readonly directPairs: number;
  readonly lost: number;
  readonly arrived: number;
}

async function measure(args: readonly string[]): Promise<Section> {
  const isQuick = args.includes('--quick');
  const chosen = isQuick && !args.includes('--only') ? ['5s'] : chosenFrom(Object.keys(seconds), args);
  const lab = await Lab.create();
  let house: House | undefined;
  try {
    const server = await LabServer.start(await lab.publicHost('server', { delayMs: SERVER_ONE_WAY_MS }), {
      LANRAGE_RELAY_PORTS: '52000-52255',
      LANRAGE_LOG_LEVEL: 'warn',
    });
    house = await House.fill(lab, server, isQuick ? few : full);
    await until('everybody sees everybody', () => isWhole(house), {
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
    });
    const outages: Outage[] = [];
    for (const name of chosen) outages.push(await outage(name, server, house));
    return { tables: [tableOf(house, outages)], bars: outages.flatMap(barsOf) };
  } finally {
    await house?.close();
    await lab.close();
  }
}

async function outage(name: string, server: LabServer, house: House): Promise<Outage> {
  const before = staysOf(await house.views());
  const directBefore = await house.directPairs();
  await house.play(GAME_RATE);
  await sleep(1_000);
  const killedAtMs = Date.now();
  if (name === 'cut-off') await server.host.linkDown();
  else await server.killApp('control');
  await stayAway(name);
  if (name === 'cut-off') await server.host.linkUp();
  else await server.startApp('control');
  const returnedAtMs = Date.now();
  progress('the server is back');
  const backMs = () => timesOf(house, killedAtMs, returnedAtMs);
  await settled(() => backMs().length === house.agentCount);
  await settled(() => isWhole(house));
  await sleep(AFTERMATH_MS);
  const games = await house.endGames();
  const notices = house.noticesSince(killedAtMs);
  const detailsOf = (kind: string) =>
    notices.filter(({ notice }) => notice === kind).map(({ who, detail }) => `${who}: ${detail}`);
  const changed = (await house.views()).filter((_view, index) => staysOf([_view])[0] !== before[index]);
  const result: Outage = {
    name,
    agents: house.agentCount,
    backMs: backMs(),
    refusals: detailsOf('refused'),
    turnedAway: await turnedAwayBy(server),
    gone: [...detailsOf('gone'), ...changed.map(() => 'an agent sees other stays than before')],
    pairs: games.length,
    directPairs: Math.min(directBefore, await house.directPairs()),
    lost: games.reduce((sum, { lost }) => sum + lost, 0),
    arrived: games.reduce((sum, { arrived }) => sum + arrived, 0),
  };
  for (const detail of new Set([...result.refusals, ...result.gone])) progress(detail);
  progress(`${name}: ${result.backMs.length} back, the last after ${round(lastBackSeconds(result))} s`);
  return result;
}

async function stayAway(name: string): Promise<void> {
  const awayMs = 1_000 * (seconds[name] ?? 0);
  const startedAtMs = performance.now();
  for (let passedMs = 0; passedMs < awayMs; passedMs = performance.now() - startedAtMs) {
    progress(`the server has been away for ${Math.round(passedMs / 1_000)} of ${awayMs / 1_000} s`);
    await sleep(Math.min(PROGRESS_MS, awayMs - passedMs));
  }
}

/** Waits for it, but not forever: what does not come about is in the report. */
async function settled(probe: () => Promise<boolean> | boolean): Promise<void> {
  await until('', probe, { timeoutMs: PATIENCE_MS, intervalMs: 200 }).catch(() => undefined);
}

/** How long each agent took to be back, the first time. */
function timesOf(house: House, sinceMs: number, returnedAtMs: number): number[] {
  const first = new Map<string, number>();
  for (const { notice, who, atMs } of house.noticesSince(sinceMs))
    if (notice === 'back' && !first.has(who)) first.set(who, Math.max(0, atMs - returnedAtMs));
  return [...first.values()];
}

async function isWhole(house: House | undefined): Promise<boolean> {
  const views = (await house?.views()) ?? [];
  return views.every(({ online, stays }) => online === stays.length && online > 1);
}

function staysOf(views: Awaited<ReturnType<House['views']>>): string[] {
  return views.map(({ stays }) => stays.join('\n'));
}

/** Connections that the server closed for what they did, and requests that it answered with 429, since its start. */
async function turnedAwayBy(server: LabServer): Promise<number> {
  const ask = `fetch('${server.localUrl}/metrics').then((answer) => answer.text()).then(console.log)`;
  const { stdout } = await server.host.exec([process.execPath, '-e', ask], { timeoutMs: 10_000 });
  if (!stdout.includes('lanrage_agents_online')) return NaN;
  const counts = stdout.split('\n').filter((line) => {
    const isLimited =
      line.startsWith('lanrage_http_request_duration_seconds_count{') && line.includes('"429"');
    return isLimited || line.startsWith('lanrage_sockets_turned_away_total{');
  });
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function lastBackSeconds({ backMs, agents }: Outage): number {
  return backMs.length < agents ? Infinity : Math.max(...backMs) / 1_000;
}

function tableOf(house: House, outages: readonly Outage[]): BenchTable {
  const { agentsAtHome, agentCount, size } = house;
  const pairs = size.pairsWithFriends + size.pairsAtHome;
  return {
    title:
      `${agentsAtHome} agents behind one address, ${agentCount - agentsAtHome} elsewhere; ${pairs} direct pairs with ` +
      `WireGuard, ${GAME_RATE} datagrams/s each way`,
    columns: ['away', 'back', 'median s', 'p95 s', 'last s', 'refused', 'gone', 'datagrams', 'lost'],
    rows: outages.map((one) => [
      one.name,
      one.backMs.length,
      ...[0.5, 0.95].map((quantile) => round(percentile(one.backMs, quantile) / 1_000)),
      round(lastBackSeconds(one)),
      one.refusals.length + one.turnedAway,
      one.gone.length,
      one.arrived,
      one.lost,
    ]),
  };
}

function barsOf(one: Outage): Bar[] {
  const bar = (name: string, measured: number, bound: Pick<Bar, 'most' | 'least'>, unit = ''): Bar => ({
    name: `away ${one.name}: ${name}`,
    measured,
    unit,
    ...bound,
  });
  return [
    bar('the last agent is back', lastBackSeconds(one), { most: LONGEST_RETURN_SECONDS }, 's'),
    bar('refused', one.refusals.length + one.turnedAway, { most: 0 }),
    bar('declared gone', one.gone.length, { most: 0 }),
    bar('pairs that stayed direct', one.directPairs, { least: one.pairs }),
    bar('datagrams that arrived', one.arrived, {
      least: one.pairs * 2 * GAME_RATE * (seconds[one.name] ?? 0),
    }),
    bar('datagrams lost on direct paths', one.lost, { most: 0 }),
  ];
}

const about = 'Measures what players notice of a control plane that is away for a while.';
void runBenchmark(
  { command: 'npm run bench:outage', about, sections: Object.keys(seconds), measure },
  process.argv.slice(2),
);
