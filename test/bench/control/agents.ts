/**
 * Ten thousand agents on one node: what each of them costs, what they cost at rest, how soon the members of a full party
 * hear of a change meanwhile, and whether others notice when somebody floods the server. With the limits that the server
 * has by itself: each agent has an address of its own, in 127.0.0.0/8.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_RELAY, connectRelay } from '../support/bench-relay';
import { ControlServer } from '../support/control-server';
import type { FloodKind, FloodResult } from '../support/floods';
import { percentile, progress, round, type Bar, type BenchTable } from '../support/report';
import { Swarm, type AskResult, type PushResult } from '../support/swarm';
import type { Section } from '../support/sections';

const AGENTS = 10_000;
/** Two processes hear and tell; more would only add to the load. */
const PROCESSES = 2;
/** Places in a party, unless its host says otherwise. */
const PARTY_SIZE = 32;
/** The connections of entering have gone by then, and the counts of what each address has done. */
const SETTLING_SECONDS = 30;
const REST_SECONDS = 30;
const push = { parties: 10, changesPerSecond: 10, seconds: 20 } as const;
const asking = { perSecond: 50, seconds: 10 } as const;
const FLOOD_PER_SECOND = 1000;
/** Each from an address of its own, so that none is spared by what the one before has used up. */
const floods: Record<FloodKind, { address: string; seconds: number }> = {
  requests: { address: '127.0.0.2', seconds: 30 },
  events: { address: '127.0.0.3', seconds: 15 },
  connections: { address: '127.0.0.4', seconds: 15 },
};

interface Rest {
  readonly coreShare: number;
  /** Growth of the resident set, both times after a garbage collection. */
  readonly bytesPerAgent: number;
  /** That growth without a garbage collection. */
  readonly standingBytesPerAgent: number;
  readonly heapBytesPerAgent: number;
  readonly enteredPerSecond: number;
}

interface Flooded {
  readonly flood: FloodKind | 'none';
  readonly others: AskResult[];
  readonly answers: FloodResult['answers'];
  readonly serverCoreShare: number;
}

export async function agents(): Promise<Section> {
  const server = await ControlServer.start({ LANRAGE_RELAY_SECRET: BENCH_RELAY.secret });
  const relay = await connectRelay(server.url);
  const swarms = Array.from({ length: PROCESSES }, () => Swarm.start());
  try {
    const rest = await fill(server, swarms);
    progress('changes in parties of 32');
    const pushed = (await Promise.all(swarms.map((swarm) => swarm.tell('push', push)))).flat();
    for (const { kind, latenciesMs } of pushed)
      progress(`${kind}: p99 ${round(percentile(latenciesMs, 0.99))} ms`);
    const flooded = await flood(server, swarms);
    const online = await onlineOf(swarms);
    return sectionOf(online, rest, pushed, flooded);
  } finally {
    await Promise.all(swarms.map((swarm) => swarm.stop()));
    relay.disconnect();
    await server.stop();
  }
}

async function fill(server: ControlServer, swarms: readonly Swarm[]): Promise<Rest> {
  const before = await server.memory();
  const startedAt = performance.now();
  const meter = setInterval(() => {
    const entered = swarms.reduce((sum, swarm) => sum + swarm.entered, 0);
    progress(`${entered} of ${AGENTS} agents have signed in, connected and joined`);
  }, 5000);
  const count = AGENTS / PROCESSES;
  await Promise.all(
    swarms.map((swarm, index) =>
      swarm.tell('enter', { urls: [server.url], first: index * count, count, partySize: PARTY_SIZE }),
    ),
  ).finally(() => clearInterval(meter));
  const enteredPerSecond = AGENTS / ((performance.now() - startedAt) / 1000);
  progress(`all in; settling for ${SETTLING_SECONDS} s, then at rest for ${REST_SECONDS} s`);
  await sleep(1000 * SETTLING_SECONDS);
  const coreShare = await coreShareDuring(server, () => sleep(1000 * REST_SECONDS));
  const after = await server.memory();
  const rest = {
    coreShare,
    bytesPerAgent: (after.collected.rss - before.collected.rss) / AGENTS,
    standingBytesPerAgent: (after.standing.rss - before.standing.rss) / AGENTS,
    heapBytesPerAgent: (after.collected.heapUsed - before.collected.heapUsed) / AGENTS,
    enteredPerSecond,
  };
  progress(JSON.stringify(rest));
  return rest;
}

/** Others ask while one address floods: first while none does. */
async function flood(server: ControlServer, swarms: readonly Swarm[]): Promise<Flooded[]> {
  const flooder = Swarm.start();
  try {
    const ask = (seconds: number) =>
      Promise.all(swarms.map((swarm) => swarm.tell('ask', { ...asking, seconds })));
    progress('others ask, nobody floods');
    let others: AskResult[][] = [];
    const calm = await coreShareDuring(server, async () => {
      others = await ask(asking.seconds);
    });
    const results: Flooded[] = [{ flood: 'none', others: others.flat(), answers: {}, serverCoreShare: calm }];
    for (const kind of ['requests', 'events', 'connections'] as const) {
      const { address, seconds } = floods[kind];
      progress(`flood: ${FLOOD_PER_SECOND} ${kind} a second for ${seconds} s`);
      let answers: FloodResult['answers'] = {};
      const serverCoreShare = await coreShareDuring(server, async () => {
        const order = { kind, url: server.url, address, perSecond: FLOOD_PER_SECOND, seconds };
        const asked = ask(seconds);
        answers = (await flooder.tell('flood', order)).answers;
        others = await asked;
      });
      progress(`p99 of others: ${round(percentile(durationsOf(others.flat()), 0.99))} ms`);
      results.push({ flood: kind, others: others.flat(), answers, serverCoreShare });
    }
    return results;
  } finally {
    await flooder.stop();
  }
}

async function coreShareDuring(server: ControlServer, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  const before = server.usage().cpuSeconds;
  await work();
  return (1000 * (server.usage().cpuSeconds - before)) / (performance.now() - startedAt);
}

async function onlineOf(swarms: readonly Swarm[]): Promise<number> {
  const states = await Promise.all(swarms.map((swarm) => swarm.tell('state')));
  const failures = states.flatMap((state) => state.failures);
  if (failures.length > 0) progress(`${failures.length} failures, the first: ${failures[0]}`);
  return states.reduce((sum, { online }) => sum + online, 0);
}

function sectionOf(
  online: number,
  rest: Rest,
  pushed: readonly PushResult[],
  flooded: readonly Flooded[],
): Section {
  const kinds = [...new Set(pushed.map(({ kind }) => kind))];
  const pushes = kinds.map((kind) => {
    const ofKind = pushed.filter((result) => result.kind === kind);
    return {
      kind,
      latenciesMs: ofKind.flatMap(({ latenciesMs }) => latenciesMs),
      lost: ofKind.reduce((sum, { lost }) => sum + lost, 0),
    };
  });
  return {
    tables: [restTable(online, rest), pushTable(pushes), floodTable(flooded)],
    bars: [
      { name: 'agents on one node, still there at the end', measured: online, unit: '', least: AGENTS },
      { name: 'memory per agent', measured: rest.bytesPerAgent / 1000, unit: 'kB', most: 40 },
      { name: 'agents at rest', measured: 100 * rest.coreShare, unit: '% of a core', most: 10 },
      ...pushes.map(({ kind, latenciesMs }) => ({
        name: `push to 32 members, ${kind}, p99`,
        measured: percentile(latenciesMs, 0.99),
        unit: 'ms',
        most: 50,
      })),
      { name: 'pushes lost', measured: pushes.reduce((sum, { lost }) => sum + lost, 0), unit: '', most: 0 },
      ...flooded.flatMap(barsOfFlood),
    ],
  };
}

function restTable(online: number, rest: Rest): BenchTable {
  return {
    title: `${AGENTS} agents in parties of ${PARTY_SIZE}`,
    columns: [
      'online at the end',
      'kB per agent',
      'of that JS heap',
      'kB before collection',
      '% of a core at rest',
      'entered per s',
    ],
    rows: [
      [
        online,
        round(rest.bytesPerAgent / 1000),
        round(rest.heapBytesPerAgent / 1000),
        round(rest.standingBytesPerAgent / 1000),
        round(100 * rest.coreShare),
        Math.round(rest.enteredPerSecond),
      ],
    ],
  };
}

function pushTable(pushes: readonly PushResult[]): BenchTable {
  return {
    title: `From a change to its arrival at each member of its party of 32, with all ${AGENTS} agents online`,
    columns: ['change', 'arrivals', 'lost', 'p50 ms', 'p99 ms', 'longest ms'],
    rows: pushes.map(({ kind, latenciesMs, lost }) => [
      kind,
      latenciesMs.length,
      lost,
      ...[0.5, 0.99, 1].map((quantile) => round(percentile(latenciesMs, quantile))),
    ]),
  };
}

function floodTable(flooded: readonly Flooded[]): BenchTable {
  return {
    title: `Requests of others while one address sends ${FLOOD_PER_SECOND} a second`,
    columns: ['flood', 'others', 'errors', 'p50 ms', 'p99 ms', 'server, % of a core', 'answers to the flood'],
    rows: flooded.map(({ flood, others, answers, serverCoreShare }) => {
      const durations = durationsOf(others);
      return [
        flood,
        durations.length,
        errorsOf(others).length,
        round(percentile(durations, 0.5)),
        round(percentile(durations, 0.99)),
        round(100 * serverCoreShare),
        Object.entries(answers)
          .map(([answer, count]) => `${answer} ${count}`)
          .join(', '),
      ];
    }),
  };
}

function barsOfFlood({ flood, others }: Flooded): Bar[] {
  const errors = errorsOf(others);
  for (const error of new Set(errors)) progress(`others, flood of ${flood}: ${error}`);
  const against = flood === 'none' ? 'nobody floods' : `flood of ${flood}`;
  return [
    {
      name: `others' p99, ${against}`,
      measured: percentile(durationsOf(others), 0.99),
      unit: 'ms',
      most: 100,
    },
    { name: `others' errors, ${against}`, measured: errors.length, unit: '', most: 0 },
  ];
}

function durationsOf(results: readonly AskResult[]): number[] {
  return results.flatMap(({ durationsMs }) => durationsMs);
}

function errorsOf(results: readonly AskResult[]): string[] {
  return results.flatMap(({ errors }) => errors);
}
