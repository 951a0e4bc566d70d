/**
 * How quickly a game gets at what its party shares, through the agents: reads, compare-and-set, and how soon the other player's
 * agent tells of it. The way to the server takes no time here; elsewhere it comes on top of the last two, once and twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { askAgent, followAgent } from '../../../apps/client/src/agent/local-client';
import { LabPlayer } from '../../e2e/support/lab-player';
import { LabServer } from '../../e2e/support/lab-server';
import { until } from '../../e2e/support/processes';
import { Lab } from '../../lab/lab';
import { percentile, progress, round } from '../support/report';
import type { Section } from '../support/sections';

const WRITES = 100;
const QUICK_WRITES = 20;
/** A member may write ten times a second. */
const INTERVAL_MS = 120;
const MOST_MS = 5;
const OPERATIONS = ['read', 'compare-and-set', 'told to a subscriber'] as const;

type Samples = Record<(typeof OPERATIONS)[number], number[]>;

export async function state({ quick }: { quick: boolean }): Promise<Section> {
  const lab = await Lab.create();
  try {
    const server = await LabServer.start(await lab.publicHost('server'), { LANRAGE_LOG_LEVEL: 'warn' });
    const players: LabPlayer[] = [];
    for (const name of ['alice', 'bob']) {
      const player = await LabPlayer.at(await lab.publicHost(name), server.url);
      player.extraSettings['LANRAGE_LOG_LEVEL'] = 'error';
      await player.startAgent();
      players.push(player);
    }
    const [alice, bob] = players as [LabPlayer, LabPlayer];
    const created = await askAgent(alice.home, 'create', { name: 'Bench' });
    if (created.status !== 'in_party') throw new Error('there is no party');
    await askAgent(bob.home, 'join', { partyId: created.party.id });
    const samples = await measure(alice, bob, quick ? QUICK_WRITES : WRITES);
    await Promise.all(players.map((player) => player.stop()));
    await Promise.all(players.map((player) => player.removeHome()));
    await server.stop();
    return sectionOf(samples);
  } finally {
    await lab.close();
  }
}

async function measure(alice: LabPlayer, bob: LabPlayer, writes: number): Promise<Samples> {
  const samples: Samples = { read: [], 'compare-and-set': [], 'told to a subscriber': [] };
  const toldAtMs = new Map<number, number>();
  const listening = listen(bob, toldAtMs);
  progress(`${writes} writes`);
  let version = 0;
  for (let write = 0; write < writes; write++) {
    const value = JSON.stringify({ map: 'de_dust2', round: write });
    const writtenAtMs = performance.now();
    ({ version } = await askAgent(alice.home, 'writeState', { key: 'game', value, version }));
    samples['compare-and-set'].push(performance.now() - writtenAtMs);
    const told = await until('Bob is told', () => toldAtMs.get(version), { intervalMs: 1 });
    samples['told to a subscriber'].push(told - writtenAtMs);
    const readAtMs = performance.now();
    const { entries } = await askAgent(bob.home, 'readState', {});
    samples.read.push(performance.now() - readAtMs);
    if (entries[0]?.value !== value) throw new Error('Bob reads something else than Alice wrote');
    await delay(INTERVAL_MS);
  }
  await bob.stop();
  await listening;
  return samples;
}

async function listen(player: LabPlayer, toldAtMs: Map<number, number>): Promise<void> {
  for await (const { event, data } of followAgent(player.home))
    if (event === 'stateChanged') toldAtMs.set(data.version, performance.now());
}

function sectionOf(samples: Samples): Section {
  const medianOf = (operation: keyof Samples) => percentile(samples[operation], 0.5);
  return {
    tables: [
      {
        title: `Shared state through the agents, ${samples.read.length} times each`,
        columns: ['operation', 'p50 ms', 'p99 ms', 'of a read'],
        rows: OPERATIONS.map((operation) => [
          operation,
          round(medianOf(operation)),
          round(percentile(samples[operation], 0.99)),
          round(medianOf(operation) / medianOf('read')),
        ]),
      },
    ],
    bars: OPERATIONS.map((operation) => ({
      name: `shared state, ${operation}: median`,
      measured: medianOf(operation),
      unit: 'ms',
      most: MOST_MS,
    })),
  };
}
