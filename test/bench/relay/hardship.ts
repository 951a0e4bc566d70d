/** What a flood of junk costs the games on other ports, and how fast the relay takes in what is new. */
import type { Generator } from '../support/generator';
import { fastPath } from '../support/relay-candidates';
import { type FloodResult, measureFlood, measurePromptness, type Promptness } from '../support/relay-flood';
import type { RelayLab } from '../support/relay-lab';
import { type Bar, type BenchTable, percentile, progress, round } from '../support/report';
import type { Section } from '../support/sections';

export async function hardship(lab: RelayLab, generator: Generator): Promise<Section> {
  progress('flood: user space');
  const inUserSpace = await measureFlood('user space', lab, generator);
  progress('flood: fast path');
  const onFastPath = await measureFlood('BPF', lab, generator);
  progress('new sessions and pairs');
  const promptness = await measurePromptness(lab, generator);
  const floods = [...inUserSpace, ...onFastPath];
  return {
    tables: [floodTable(floods), promptnessTable(promptness)],
    bars: hardshipBars(floods, promptness),
  };
}

function floodTable(floods: readonly FloodResult[]): BenchTable {
  return {
    title: '20 games at 50/s each way while junk floods another port, which has 64 pairs; there and back.',
    columns: ['relay', 'junk', 'junk/s', 'lost %', 'p50 µs', 'p99 µs', 'answers to junk'],
    rows: floods.map(({ path, kind, junkPerSecond, loss, p50Us, p99Us, answers }) => [
      path === 'BPF' ? fastPath.name : path,
      kind,
      round(junkPerSecond),
      round(loss * 100),
      round(p50Us),
      round(p99Us),
      answers,
    ]),
  };
}

function promptnessTable({ kernelFollowsMs, openMs }: Promptness): BenchTable {
  return {
    title: 'From the 16th data message until the kernel forwards, and the opening of a pair.',
    columns: ['', 'p50 ms', 'p95 ms', 'p99 ms'],
    rows: [
      ['kernel follows', ...quantiles(kernelFollowsMs)],
      ['pair opened', ...quantiles(openMs)],
    ],
  };
}

function quantiles(valuesMs: readonly number[]): number[] {
  return [0.5, 0.95, 0.99].map((quantile) => round(percentile(valuesMs, quantile)));
}

function hardshipBars(floods: readonly FloodResult[], { kernelFollowsMs, openMs }: Promptness): Bar[] {
  const flooded = floods.filter(({ kind }) => kind !== 'nothing');
  const worstLoss = (path: FloodResult['path']) =>
    100 * Math.max(...flooded.filter((flood) => flood.path === path).map(({ loss }) => loss));
  const least = Math.min(...flooded.map(({ junkPerSecond }) => junkPerSecond));
  const answers = flooded.reduce((sum, flood) => sum + flood.answers, 0);
  return [
    { name: 'flood: junk, the slowest', measured: least, unit: 'datagrams/s', least: 90_000 },
    { name: 'flood: games lost, user space', measured: worstLoss('user space'), unit: '%', most: 1 },
    { name: 'flood: games lost, fast path', measured: worstLoss('BPF'), unit: '%', most: 1 },
    { name: 'flood: answers to junk', measured: answers, unit: 'datagrams', most: 0 },
    {
      name: 'fast path: kernel follows, p95',
      measured: percentile(kernelFollowsMs, 0.95),
      unit: 'ms',
      most: 50,
    },
    { name: 'opening a pair, p99', measured: percentile(openMs, 0.99), unit: 'ms', most: 5 },
  ];
}
