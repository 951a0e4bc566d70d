/**
 * Two nodes with one PostgreSQL and one Redis: how soon members at one node hear of a change that was made at the other,
 * and how soon agents are back whose node was killed. They come back as real agents do, by the same timing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TestRedis } from '../../fixtures/redis';
import { BENCH_RELAY, connectRelay } from '../support/bench-relay';
import { BenchDatabase, ControlServer } from '../support/control-server';
import { percentile, progress, round } from '../support/report';
import { Swarm, type PushResult, type ReturnResult } from '../support/swarm';
import type { Section } from '../support/sections';

const AGENTS = 2000;
const PROCESSES = 2;
const PARTY_SIZE = 32;
const push = { parties: 10, changesPerSecond: 10, seconds: 15, acrossNodes: true } as const;
/** What an election and the introduction of the agents that stayed take, and more. */
const SETTLING_MS = 8000;
/** In which the busiest moment of the first calls after a node's death is looked for. */
const MOMENT_MS = 20;

interface Fall {
  readonly which: string;
  readonly agents: number;
  readonly awayMs: number[];
  /** The most first calls in one moment, as a share of all. */
  readonly herd: number;
}

export async function nodes(): Promise<Section> {
  const redis = await TestRedis.start();
  const database = await BenchDatabase.start();
  const settings = {
    REDIS_URL: redis.url,
    LANRAGE_RELAY_SECRET: BENCH_RELAY.secret,
    LANRAGE_TOKEN_SECRET: 'the tokens of a benchmark',
  };
  const start = () => ControlServer.start(settings, database);
  // The first one to be there leads.
  let [first, second] = [await start(), await start()];
  const relay = await connectRelay(first.url);
  const swarms = Array.from({ length: PROCESSES }, () => Swarm.start());
  try {
    progress(`${AGENTS} agents enter parties of ${PARTY_SIZE}, at two nodes by turns`);
    const urls = [first.url, second.url];
    const count = AGENTS / PROCESSES;
    await Promise.all(
      swarms.map((swarm, index) =>
        swarm.tell('enter', { urls, first: index * count, count, partySize: PARTY_SIZE }),
      ),
    );
    progress('changes at either node');
    const pushed = (await Promise.all(swarms.map((swarm) => swarm.tell('push', push)))).flat();
    const falls = [await fall('that follows', second, first, swarms)];
    second = await start();
    falls.push(await fall('that leads', first, second, swarms));
    first = second;
    return sectionOf(pushed, falls);
  } finally {
    await Promise.all(swarms.map((swarm) => swarm.stop()));
    relay.disconnect();
    await Promise.all([first, second].map((node) => node.stop()));
    await database.stop();
    await redis.kill();
  }
}

async function fall(
  which: string,
  victim: ControlServer,
  heir: ControlServer,
  swarms: readonly Swarm[],
): Promise<Fall> {
  const counts = await Promise.all(swarms.map((swarm) => swarm.tell('connectedTo', { url: victim.url })));
  const returns = swarms.map((swarm, index) =>
    swarm.tell('comeBack', { url: heir.url, awaited: counts[index]! }),
  );
  await sleep(500); // until they watch
  await victim.kill();
  const results: ReturnResult[] = await Promise.all(returns);
  const awayMs = results.flatMap((result) => result.awayMs);
  const agents = counts.reduce((sum, one) => sum + one, 0);
  progress(`the node ${which} was killed: ${agents} agents back within ${round(percentile(awayMs, 1))} ms`);
  await sleep(SETTLING_MS);
  const firstCalls = results.flatMap(({ firstCallMs }) => firstCallMs);
  return { which, agents, awayMs, herd: busiest(firstCalls) / agents };
}

/** How many of these fall into the fullest moment. */
function busiest(timesMs: readonly number[]): number {
  const perMoment = new Map<number, number>();
  for (const time of timesMs) {
    const moment = Math.floor(time / MOMENT_MS);
    perMoment.set(moment, (perMoment.get(moment) ?? 0) + 1);
  }
  return Math.max(...perMoment.values());
}

function sectionOf(pushed: readonly PushResult[], falls: readonly Fall[]): Section {
  const latenciesMs = pushed.flatMap((result) => result.latenciesMs);
  const lost = pushed.reduce((sum, result) => sum + result.lost, 0);
  const [p50, p99, longest] = [0.5, 0.99, 1].map((quantile) => round(percentile(latenciesMs, quantile)));
  return {
    tables: [
      {
        title: `From a change at one node to its arrival at members at the other, ${AGENTS} agents online`,
        columns: ['arrivals', 'lost', 'p50 ms', 'p99 ms', 'longest ms'],
        rows: [[latenciesMs.length, lost, p50!, p99!, longest!]],
      },
      {
        title:
          'A node is killed: from the loss of their connections until its agents have their parties again',
        columns: [
          'node',
          'agents',
          'p50 ms',
          'p99 ms',
          'last ms',
          `first calls in the busiest ${MOMENT_MS} ms`,
        ],
        rows: falls.map(({ which, agents, awayMs, herd }) => [
          which,
          agents,
          ...[0.5, 0.99, 1].map((quantile) => Math.round(percentile(awayMs, quantile))),
          `${round(100 * herd)} %`,
        ]),
      },
    ],
    bars: [
      { name: 'push to another node, p99', measured: percentile(latenciesMs, 0.99), unit: 'ms', most: 60 },
      { name: 'pushes to another node lost', measured: lost, unit: '', most: 0 },
      ...falls.map(({ which, awayMs }) => ({
        name: `agents of a killed node ${which}, last one back`,
        measured: Math.max(...awayMs),
        unit: 'ms',
        most: 5000,
      })),
    ],
  };
}
