/** Several relays in turn: processor time of the server per packet, the highest rate, the delay. */
import {
  type Candidate,
  coturn,
  dgram,
  fastPath,
  nftables,
  plain,
  userSpace,
} from '../support/relay-candidates';
import type { Generator } from '../support/generator';
import type { RelayLab } from '../support/relay-lab';
import {
  type CpuSample,
  type Delay,
  type Measurement,
  measure,
  measureDelay,
  memoryPer1000Pairs,
} from '../support/relay-measure';
import { measureTurns, type Turns } from '../support/relay-turns';
import { type Bar, type BenchTable, percentile, progress, round, spread } from '../support/report';
import type { Section } from '../support/sections';

const compared: readonly Candidate[] = [plain, fastPath, nftables, userSpace, coturn];
/** Once is enough for it. */
const fallback = dgram;

/** They take little time, and little disturbs them a lot. */
const moreOfDelays = 2;

/** What was measured of each, one after the other. */
type Results<Measured> = ReadonlyMap<Candidate, readonly Measured[]>;

export async function load(lab: RelayLab, generator: Generator, repetitions: number): Promise<Section> {
  const loads = await inTurns(repetitions, 'load', (candidate) => measure(candidate, lab, generator));
  const delays = await inTurns(repetitions + moreOfDelays, 'delay', (candidate) =>
    measureDelay(candidate, lab, generator),
  );
  progress('memory: coturn');
  const coturnMiB = await memoryPer1000Pairs(coturn, lab, generator);
  progress('user space at half of its highest rate');
  const highest = of(loads, userSpace).map(({ highestPerSecond }) => highestPerSecond);
  const turns = await measureTurns(lab, generator, median(highest) / 2);
  return {
    tables: [...loadTables(loads), delayTable(delays), memoryTable(coturnMiB), turnsTable(turns)],
    bars: [...loadBars(loads), ...delayBars(delays), turnsBar(turns)],
  };
}

/** Every candidate in turn, and that so often: what disturbs the machine for a while disturbs them all. */
async function inTurns<Measured>(
  repetitions: number,
  what: string,
  measureOne: (candidate: Candidate) => Promise<Measured>,
): Promise<Results<Measured>> {
  const results = new Map([...compared, fallback].map((candidate) => [candidate, [] as Measured[]]));
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const candidate of repetition === 1 ? results.keys() : compared) {
      progress(`${what}, run ${repetition} of ${repetitions}: ${candidate.name}`);
      results.get(candidate)?.push(await measureOne(candidate));
    }
  }
  return results;
}

function of<Measured>(results: Results<Measured>, candidate: Candidate): readonly Measured[] {
  return results.get(candidate) ?? [];
}

function loadTables(results: Results<Measurement>): BenchTable[] {
  const limit = of(results, plain);
  const loads = limit[0]?.cpu ?? [];
  return [
    {
      title: "µs of the server's processor per packet; other rows: above plain forwarding in the same run.",
      columns: ['relay', ...loads.map(({ bytes, perSecond }) => `${bytes} B ${perSecond / 1000}k/s`)],
      rows: [...results].map(([candidate, measured]) => [
        candidate.name,
        ...loads.map((_, load) =>
          spread(
            candidate === plain ? measured.map(({ cpu }) => usOf(cpu, load)) : above(limit, measured, load),
          ),
        ),
      ]),
    },
    {
      title: 'Highest rate with less than 1 % loss, 128 B.',
      columns: ['relay', 'packets/s'],
      rows: [...results].map(([candidate, measured]) => [
        candidate.name,
        spread(measured.map(({ highestPerSecond }) => highestPerSecond)),
      ]),
    },
  ];
}

function delayTable(results: Results<Delay>): BenchTable {
  return {
    title: 'There and back at 5,000/s, 128 B.',
    columns: ['relay', 'p50 µs', 'p99 µs'],
    rows: [...results].map(([candidate, measured]) => [
      candidate.name,
      spread(measured.map(({ p50Us }) => p50Us)),
      spread(measured.map(({ p99Us }) => p99Us)),
    ]),
  };
}

function memoryTable(coturnMiB: number): BenchTable {
  return {
    title: 'Resident memory with sessions of 508 pairs less that with 8.',
    columns: ['relay', 'MiB per 1,000 pairs'],
    rows: [[coturn.name, round(coturnMiB)]],
  };
}

function turnsTable({ perSecond, datagrams, p50Us, p99Us }: Turns): BenchTable {
  return {
    title:
      'User space at half of its highest rate: from the reading of datagrams until the last one has left.',
    columns: ['packets/s', 'datagrams a turn', 'p50 µs', 'p99 µs'],
    rows: [[perSecond, datagrams, p50Us, p99Us].map(round)],
  };
}

function turnsBar({ p99Us }: Turns): Bar {
  return { name: 'user space: own processing at half load, p99', measured: p99Us, unit: 'µs', most: 200 };
}

function loadBars(results: Results<Measurement>): Bar[] {
  const limit = of(results, plain);
  const cpuAt40k = (candidate: Candidate) => median(above(limit, of(results, candidate), indexOf40k(limit)));
  const highest = (candidate: Candidate) =>
    median(of(results, candidate).map(({ highestPerSecond }) => highestPerSecond));
  const unit = "times coturn's";
  const barsOf = (candidate: Candidate, mostCpu: number, leastRate: number): Bar[] => [
    {
      name: `${candidate.name}: CPU at 40,000/s`,
      measured: round(cpuAt40k(candidate) / cpuAt40k(coturn)),
      unit,
      most: mostCpu,
    },
    {
      name: `${candidate.name}: highest rate`,
      measured: round(highest(candidate) / highest(coturn)),
      unit,
      least: leastRate,
    },
  ];
  return [...barsOf(fastPath, 0.05, 2.2), ...barsOf(nftables, 0.25, 2.2), ...barsOf(userSpace, 0.9, 1.1)];
}

/** Noise: by how much plain forwarding differs from run to run. */
function delayBars(results: Results<Delay>): Bar[] {
  const [plainDelays, fastDelays] = [of(results, plain), of(results, fastPath)];
  const noiseBar = (quantile: string, read: (delay: Delay) => number): Bar => {
    const limits = plainDelays.map(read);
    return {
      name: `${fastPath.name}: ${quantile} above plain forwarding (bar: its noise)`,
      measured: round(median(fastDelays.map(read)) - median(limits)),
      unit: 'µs',
      most: round(Math.max(...limits) - Math.min(...limits)),
    };
  };
  const p50 = (candidate: Candidate) => median(of(results, candidate).map(({ p50Us }) => p50Us));
  return [
    noiseBar('p50', ({ p50Us }) => p50Us),
    noiseBar('p99', ({ p99Us }) => p99Us),
    {
      name: `${userSpace.name}: p50 above coturn`,
      measured: round(p50(userSpace) - p50(coturn)),
      unit: 'µs',
      most: 10,
    },
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
