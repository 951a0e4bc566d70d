/**
 * What relaying costs: processor time of the server per packet, the highest rate with less than 1 % loss, and the
 * delay that it adds, for several relays in turn, on one machine in three network namespaces. Plain forwarding by the
 * kernel is the limit that no relay on the server can pass; coturn (channel data on one side, plain on the other) is
 * what others use. Then what a flood of junk costs the games on other ports, and the
 * memory of a relay full of pairs. docs/performance.md explains the figures.
 * `--only load,hardship,pairs` runs these sections alone, `--quick` one repetition of what is repeated.
 */
import { labAvailable } from '../lab/available';
import { Generator } from './support/generator';
import { type Bar, type BenchTable, percentile, progress, publish, round, spread } from './support/report';
import {
  type Candidate,
  coturn,
  dgram,
  fastPath,
  nftables,
  plain,
  userSpace,
} from './support/relay-candidates';
import { cpus, RelayLab } from './support/relay-lab';
import { type FloodResult, measureFlood, measurePromptness, type Promptness } from './support/relay-flood';
import { manyPairsSection, measureManyPairs } from './support/relay-many-pairs';
import { type CpuSample, type Measurement, measure, memoryPer1000Pairs } from './support/relay-measure';
import { chosenFrom, type Section } from './support/sections';

const args = process.argv.slice(2);
const repetitions = args.includes('--quick') ? 1 : 3;
const candidates: readonly Candidate[] = [plain, fastPath, nftables, userSpace, dgram, coturn];

type Results = ReadonlyMap<Candidate, Measurement[]>;
const sections: Record<string, () => Promise<Section>> = {
  load: () => inLab(load),
  hardship: () => inLab(hardship),
  pairs,
};

async function main(): Promise<void> {
  const results: Section[] = [];
  for (const name of chosenFrom(Object.keys(sections), args)) results.push(await sections[name]!());
  const [tables, bars] = [results.flatMap((one) => one.tables), results.flatMap((one) => one.bars)];
  publish({ benchmark: 'relay', tables, bars }, args);
}

async function inLab(section: (lab: RelayLab, generator: Generator) => Promise<Section>): Promise<Section> {
  const reason = labAvailable();
  if (reason) throw new Error(`This benchmark ${reason}`);
  const lab = await RelayLab.create();
  const generator = await Generator.start(cpus);
  try {
    return await section(lab, generator);
  } finally {
    await generator.stop();
    await lab.close();
  }
}

async function load(lab: RelayLab, generator: Generator): Promise<Section> {
  const results = new Map(candidates.map((candidate) => [candidate, [] as Measurement[]]));
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const candidate of candidates) {
      progress(`run ${repetition} of ${repetitions}: ${candidate.name}`);
      results.get(candidate)?.push(await measure(candidate, lab, generator));
    }
  }
  progress('memory: coturn');
  const coturnMiB = await memoryPer1000Pairs(coturn, lab, generator);
  const limit = results.get(plain) ?? [];
  return { tables: loadTables(results, limit, coturnMiB), bars: loadBars(results, limit) };
}

async function hardship(lab: RelayLab, generator: Generator): Promise<Section> {
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

async function pairs(): Promise<Section> {
  progress(`${manyPairs} pairs`);
  return manyPairsSection(await measureManyPairs(manyPairs));
}

function loadTables(results: Results, limit: readonly Measurement[], coturnMiB: number | null): BenchTable[] {
  return [
    {
      title: "µs of the server's processor per packet; other rows: above plain forwarding in the same run.",
      columns: [
        'relay',
        ...(limit[0]?.cpu ?? []).map(({ bytes, perSecond }) => `${bytes} B ${perSecond / 1000}k/s`),
      ],
      rows: [...results].map(([candidate, measured]) => [
        candidate.name,
        ...(limit[0]?.cpu ?? []).map((_, load) =>
          spread(
            candidate === plain ? measured.map(({ cpu }) => usOf(cpu, load)) : above(limit, measured, load),
          ),
        ),
      ]),
    },
    {
      title: 'Highest rate with less than 1 % loss (128 B), and the way there and back at 5,000/s.',
      columns: ['relay', 'packets/s', 'p50 µs', 'p99 µs'],
      rows: [...results].map(([candidate, measured]) => [
        candidate.name,
        spread(measured.map(({ highestPerSecond }) => highestPerSecond)),
        spread(measured.map(({ p50Us }) => p50Us)),
        spread(measured.map(({ p99Us }) => p99Us)),
      ]),
    },
    {
      title: 'Resident memory with sessions of 508 pairs less that with 8.',
      columns: ['relay', 'MiB per 1,000 pairs'],
      rows: [[coturn.name, round(coturnMiB ?? NaN)]],
    },
  ];
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

function loadBars(results: Results, limit: readonly Measurement[]): Bar[] {
  const of = (candidate: Candidate) => results.get(candidate) ?? [];
  const cpuAt40k = (candidate: Candidate) => median(above(limit, of(candidate), indexOf40k(limit)));
  const highest = (candidate: Candidate) =>
    median(of(candidate).map(({ highestPerSecond }) => highestPerSecond));
  const p50 = (candidate: Candidate) => median(of(candidate).map(({ p50Us }) => p50Us));
  const times = "times coturn's";
  return [
    {
      name: 'fast path: CPU at 40,000/s',
      measured: cpuAt40k(fastPath) / cpuAt40k(coturn),
      unit: times,
      most: 0.25,
    },
    {
      name: 'fast path: highest rate',
      measured: highest(fastPath) / highest(coturn),
      unit: times,
      least: 2.2,
    },
    {
      name: 'user space: CPU at 40,000/s',
      measured: cpuAt40k(userSpace) / cpuAt40k(coturn),
      unit: times,
      most: 0.9,
    },
    {
      name: 'user space: highest rate',
      measured: highest(userSpace) / highest(coturn),
      unit: times,
      least: 1.1,
    },
    { name: 'user space: p50 above coturn', measured: p50(userSpace) - p50(coturn), unit: 'µs', most: 10 },
  ];
}

/** Microseconds per packet above plain forwarding, run by run. */
function above(limit: readonly Measurement[], measured: readonly Measurement[], load: number): number[] {
  return measured.map(({ cpu }, run) => usOf(cpu, load) - usOf(limit[run]?.cpu ?? [], load));
}

function usOf(cpu: readonly CpuSample[], load: number): number {
  return cpu[load]?.usPerPacket ?? NaN;
}

function indexOf40k(limit: readonly Measurement[]): number {
  return limit[0]?.cpu.findIndex(({ perSecond }) => perSecond === 40_000) ?? -1;
}

function median(values: readonly number[]): number {
  return round(percentile(values, 0.5));
}

void main();
