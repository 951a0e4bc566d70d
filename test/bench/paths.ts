/**
 * Direct paths: between which NATs they come about, how quickly, and at what cost to a game that is running. In the lab,
 * with 30 ms of round trip directly and 60 ms via the relay, and 30 datagrams a second in each direction. The limit of
 * "told → direct" is one round trip: a packet each way.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Lab } from '../lab/lab';
import { isDirectPossible, matrixKinds, type MatrixKind } from '../lab/direct-theory';
import { LabServer } from '../e2e/support/lab-server';
import { Meeting } from '../e2e/support/meeting';
import { PartyAgent } from '../e2e/support/party-agent';
import { runBenchmark } from './support/command';
import { percentile, progress, round, spread, type Bar, type BenchTable } from './support/report';
import type { Section } from './support/sections';

const args = process.argv.slice(2);
const RUNS = args.includes('--quick') ? 1 : 3;
/** Each site's way to the internet, the server's included. */
const ONE_WAY_MS = 7.5;
const DIRECT_ROUND_TRIP_MS = 4 * ONE_WAY_MS;
const GAME_RATE = 30;
/** Finer, to time an outage. */
const OUTAGE_RATE = 100;
const REST_MS = 20_000;

interface Attempted {
  one: MatrixKind;
  other: MatrixKind;
  isDirect: boolean;
  /** From when both are told to when both are direct; NaN for a failed attempt. */
  toldToDirectMs: number;
  /** Datagrams of both directions. */
  lost: number;
}

type Sites = Map<MatrixKind, PartyAgent>;

async function measure(): Promise<Section> {
  const lab = await Lab.create();
  try {
    const serverHost = await lab.publicHost('server', { addresses: 2, delayMs: ONE_WAY_MS });
    const server = await LabServer.start(serverHost, {
      LANRAGE_STUN_ALTERNATE_ADDRESS: serverHost.addresses[1],
      LANRAGE_LIMIT_JOINS: '0',
      LANRAGE_LIMIT_CREATES: '0',
      LANRAGE_LIMIT_PARTIES: '0',
      LANRAGE_LIMIT_CONNECTIONS: '0',
      LANRAGE_LIMIT_REQUESTS: '0',
      LANRAGE_LIMIT_SIGN_INS: '0',
      LANRAGE_LOG_LEVEL: 'warn',
    });
    const left = await startSites(lab, server, 'left');
    const right = await startSites(lab, server, 'right');
    const attempts = args.includes('--scenarios') ? [] : await measureMatrix(left, right);
    const outages = args.includes('--matrix') ? [] : await measureScenarios(lab, server, left, right);
    await Promise.all([...left.values(), ...right.values()].map((agent) => agent.stop()));
    await server.stop();
    return sectionOf(attempts, outages);
  } finally {
    await lab.close();
  }
}

async function startSites(lab: Lab, server: LabServer, side: string): Promise<Sites> {
  const sites: Sites = new Map();
  for (const [index, kind] of matrixKinds.entries()) {
    progress(`starting ${side} ${kind}`);
    const host = await lab.hostBehind(`${side}${index}`, kind, { delayMs: ONE_WAY_MS });
    sites.set(kind, await PartyAgent.start(host, server));
  }
  return sites;
}

async function measureMatrix(left: Sites, right: Sites): Promise<Attempted[]> {
  const attempts: Attempted[] = [];
  for (let run = 1; run <= RUNS; run++) {
    for (const [one, first] of left) {
      for (const [other, second] of right) {
        const attempted = { one, other, ...(await attemptOnce(first, second)) };
        attempts.push(attempted);
        const time = attempted.isDirect ? `direct after ${round(attempted.toldToDirectMs)} ms` : 'relayed';
        progress(`run ${run} of ${RUNS}: ${one} with ${other}: ${time}, ${attempted.lost} lost`);
      }
    }
  }
  return attempts;
}

/** One party of two, from new mappings to the end of the first attempt, with a game in between. */
async function attemptOnce(first: PartyAgent, second: PartyAgent) {
  const meeting = await Meeting.amongStrangers(first, second);
  try {
    await meeting.play(GAME_RATE);
    const isDirect = await meeting.firstAttempt();
    await delay(500);
    const { lost } = await meeting.traffic.stop();
    const toldToDirectMs = isDirect ? (await meeting.direct()).atMs - (await meeting.toldAtMs()) : NaN;
    return { isDirect, toldToDirectMs, lost: lost[0] + lost[1] };
  } finally {
    await meeting.end();
  }
}

interface Outage {
  name: string;
  values: number[];
  most: number;
  unit: string;
}

async function measureScenarios(lab: Lab, server: LabServer, left: Sites, right: Sites): Promise<Outage[]> {
  const restricted = [left.get('port_restricted'), right.get('port_restricted')] as [PartyAgent, PartyAgent];
  const hopeless = [left.get('symmetric'), right.get('port_restricted')] as [PartyAgent, PartyAgent];
  const neighbour = await PartyAgent.start(await lab.sameLanAs(restricted[0].host, 'neighbour'), server);
  const results: Outage[] = [
    { name: 'NAT rebinding, relayed: outage', values: [], most: 200, unit: 'ms' },
    { name: 'NAT rebinding, direct: outage', values: [], most: 600, unit: 'ms' },
    { name: 'silent death of a direct path: outage', values: [], most: 800, unit: 'ms' },
    { name: 'same LAN: from the join to direct', values: [], most: 500, unit: 'ms' },
    { name: "a direct pair at rest: one agent's share of a core", values: [], most: 1, unit: '%' },
  ];
  const [relayed, rebound, died, local, rest] = results.map(({ values }) => values);
  for (let run = 1; run <= RUNS; run++) {
    progress(`scenarios, run ${run} of ${RUNS}`);
    relayed?.push(await outage(hopeless, 'relayed', () => hopeless[1].host.router.rebind()));
    rebound?.push(await outage(restricted, 'direct', () => restricted[1].host.router.rebind()));
    const remote = restricted[0].host.router.publicAddress;
    const { router } = restricted[1].host;
    died?.push(await outage(restricted, 'direct', () => router.dropUdp({ to: remote })));
    await router.restoreUdp();
    local?.push(await timeToLocal(restricted[0], neighbour));
  }
  rest?.push(...(await costAtRest(restricted)));
  await neighbour.stop();
  return results;
}

/** The longest silence at either end after something happened to a path of this kind. */
async function outage(
  [first, second]: readonly [PartyAgent, PartyAgent],
  phase: 'relayed' | 'direct',
  happen: () => Promise<void>,
): Promise<number> {
  const meeting = await Meeting.amongStrangers(first, second);
  try {
    if ((await meeting.firstAttempt()) !== (phase === 'direct')) return NaN;
    await meeting.play(OUTAGE_RATE);
    await delay(2_500);
    await happen();
    await delay(5_000);
    return (await meeting.traffic.stop()).outageMs;
  } finally {
    await meeting.end();
  }
}

/** From the call of `join` until both are direct by an address of their LAN. */
async function timeToLocal(first: PartyAgent, second: PartyAgent): Promise<number> {
  const meeting = await Meeting.amongStrangers(first, second);
  const { atMs, endpoints } = await meeting.direct();
  await meeting.end();
  const isLocal = endpoints.every((endpoint) => endpoint?.startsWith('192.168.'));
  return isLocal ? atMs - meeting.entries[1].calledAtMs : NaN;
}

async function costAtRest([first, second]: readonly [PartyAgent, PartyAgent]): Promise<number[]> {
  const meeting = await Meeting.amongStrangers(first, second);
  await meeting.direct();
  await delay(3_000);
  const before = await Promise.all([first.cpu(), second.cpu()]);
  progress(`at rest for ${REST_MS / 1_000} s`);
  await delay(REST_MS);
  const after = await Promise.all([first.cpu(), second.cpu()]);
  await meeting.end();
  return after.map(({ cpuMs }, index) => (100 * (cpuMs - (before[index]?.cpuMs ?? 0))) / REST_MS);
}

function sectionOf(attempts: readonly Attempted[], outages: readonly Outage[]): Section {
  const tables: BenchTable[] = [];
  const bars: Bar[] = [];
  if (attempts.length > 0) {
    tables.push(matrixTable(attempts), attemptsTable(attempts));
    bars.push(...matrixBars(attempts));
  }
  if (outages.length > 0) {
    const rows = outages.map(({ name, values, unit }) => [name, `${spread(values)} ${unit}`]);
    tables.push({ title: 'What happens to paths', columns: ['what', 'median (range)'], rows });
    bars.push(
      ...outages.map(({ name, values, most, unit }) => ({ name, measured: Math.max(...values), unit, most })),
    );
  }
  return { tables, bars };
}

const shortNames: Record<MatrixKind, string> = {
  open: 'open',
  full_cone: 'full',
  address_restricted: 'addr',
  port_restricted: 'port',
  symmetric: 'sym',
  cgnat: 'cgn',
  cgnat_symmetric: 'cgn-sym',
};

/** Direct runs of all runs; in brackets where theory has no direct path. */
function matrixTable(attempts: readonly Attempted[]): BenchTable {
  const cell = (one: MatrixKind, other: MatrixKind) => {
    const runs = attempts.filter((attempted) => attempted.one === one && attempted.other === other);
    const direct = runs.filter(({ isDirect }) => isDirect).length;
    return isDirectPossible(one, other) ? `${direct}/${runs.length}` : `(${direct}/${runs.length})`;
  };
  return {
    title: 'Direct, of all runs; in brackets where no direct path is possible',
    columns: ['', ...matrixKinds.map((kind) => shortNames[kind])],
    rows: matrixKinds.map((one) => [shortNames[one], ...matrixKinds.map((other) => cell(one, other))]),
  };
}

function attemptsTable(attempts: readonly Attempted[]): BenchTable {
  const direct = attempts.filter(({ isDirect }) => isDirect);
  const failed = attempts.filter(({ isDirect }) => !isDirect);
  const times = direct.map(({ toldToDirectMs }) => toldToDirectMs);
  return {
    title: `Attempts under ${GAME_RATE} datagrams/s each way; limit: one round trip, ${DIRECT_ROUND_TRIP_MS} ms`,
    columns: ['', 'attempts', 'ms, median (range)', 'p95 ms', 'of limit', 'lost each, mean'],
    rows: [
      [
        'became direct',
        direct.length,
        spread(times),
        round(percentile(times, 0.95)),
        round(percentile(times, 0.5) / DIRECT_ROUND_TRIP_MS),
        round(meanLost(direct)),
      ],
      ['stayed relayed', failed.length, '', '', '', round(meanLost(failed))],
    ],
  };
}

function matrixBars(attempts: readonly Attempted[]): Bar[] {
  const possible = attempts.filter(({ one, other }) => isDirectPossible(one, other));
  const impossible = attempts.filter(({ one, other }) => !isDirectPossible(one, other));
  const direct = attempts.filter(({ isDirect }) => isDirect);
  const times = direct.map(({ toldToDirectMs }) => toldToDirectMs);
  const share = (part: readonly Attempted[]) =>
    (100 * part.filter(({ isDirect }) => isDirect).length) / part.length;
  return [
    { name: 'direct where possible', measured: share(possible), unit: '%', least: 100 },
    { name: 'direct where impossible', measured: share(impossible), unit: '%', most: 0 },
    { name: 'told → direct, median', measured: percentile(times, 0.5), unit: 'ms', most: 110 },
    { name: 'told → direct, p95', measured: percentile(times, 0.95), unit: 'ms', most: 1_000 },
    { name: 'lost in an upgrade, mean', measured: meanLost(direct), unit: 'datagrams', most: 0.1 },
    {
      name: 'lost in a failed attempt, mean',
      measured: meanLost(attempts.filter(({ isDirect }) => !isDirect)),
      unit: 'datagrams',
      most: 2,
    },
  ];
}

function meanLost(attempts: readonly Attempted[]): number {
  return attempts.reduce((sum, { lost }) => sum + lost, 0) / attempts.length;
}

const about = 'Measures which pairs of NATs get a direct path, and what outages do to paths.';
const switches = { matrix: 'only the pairs of NATs', scenarios: 'only the outages' };
void runBenchmark({ command: 'npm run bench:paths', about, switches, measure }, args);
