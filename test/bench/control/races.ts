/** Fifty agents want the last place of a party at the same instant, again and again: one gets it, each time. */
import { Pool } from 'undici';
import { request, signIn, type BenchAgent } from '../support/agents';
import { ControlServer } from '../support/control-server';
import { load } from '../support/load';
import { percentile, progress, round } from '../support/report';
import type { Section } from '../support/sections';

const RACES = 100;
const QUICK_RACES = 10;
const RACERS = 50;

interface Race {
  readonly winners: number;
  /** Refused because the party is full. */
  readonly late: number;
  readonly milliseconds: number;
}

export async function races({ quick }: { quick: boolean }): Promise<Section> {
  const count = quick ? QUICK_RACES : RACES;
  const server = await ControlServer.start({
    LANRAGE_LIMIT_CONNECTIONS: '0',
    LANRAGE_LIMIT_REQUESTS: '0',
    LANRAGE_LIMIT_SIGN_INS: '0',
    LANRAGE_LIMIT_CREATES: '0',
    LANRAGE_LIMIT_PARTIES: '0',
    LANRAGE_LIMIT_JOINS: '0',
  });
  const pool = new Pool(server.url, { connections: RACERS });
  try {
    progress(`${count} races of ${RACERS} for one place`);
    const agents: BenchAgent[] = [];
    const sign = async () => void agents.push(await signIn(pool, new URL(server.url).host));
    await load(16, Array.from({ length: RACERS + 1 }).fill(0), sign);
    const [host, ...racers] = agents;
    const results: Race[] = [];
    for (let turn = 0; turn < count; turn++) results.push(await race(pool, host!, racers));
    return sectionOf(results, count);
  } finally {
    await pool.close();
    await server.stop();
  }
}

async function race(pool: Pool, host: BenchAgent, racers: readonly BenchAgent[]): Promise<Race> {
  const body = { name: 'Race', peerName: 'Host', maxPeers: 2 };
  const { id } = await request<{ id: string }>(pool, '/v1/parties', body, host.token);
  const startedAt = performance.now();
  const answers = await Promise.all(
    racers.map(async (racer) => {
      const joining = request(pool, `/v1/parties/${id}/join`, { peerName: 'Racer' }, racer.token);
      const refusal = await joining.then(() => null, String);
      return { racer, refusal };
    }),
  );
  const milliseconds = performance.now() - startedAt;
  const winners = answers.filter(({ refusal }) => refusal === null).map(({ racer }) => racer);
  for (const { token } of [...winners, host]) await request(pool, `/v1/parties/${id}/leave`, {}, token);
  const late = answers.filter(({ refusal }) => refusal?.includes('PARTY_FULL')).length;
  return { winners: winners.length, late, milliseconds };
}

function sectionOf(results: readonly Race[], count: number): Section {
  const fair = results.filter(({ winners, late }) => winners === 1 && late === RACERS - 1).length;
  const durations = results.map(({ milliseconds }) => milliseconds);
  return {
    tables: [
      {
        title: `${RACERS} join at once for one place`,
        columns: ['races', 'one winner, 49 times PARTY_FULL', 'all answered, p50 ms', 'p99 ms'],
        rows: [
          [results.length, fair, ...[0.5, 0.99].map((quantile) => round(percentile(durations, quantile)))],
        ],
      },
    ],
    bars: [
      { name: 'races with exactly one winner', measured: fair, unit: `of ${results.length}`, least: count },
    ],
  };
}
