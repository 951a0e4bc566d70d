/**
 * What relaying costs: processor time of the server per packet, the highest rate with less than 1 % loss, and the
 * delay that it adds, for several relays in turn, on one machine in three network namespaces. Plain forwarding by the
 * kernel is the limit that no relay on the server can pass; coturn (channel data on one side, plain on the other) is
 * what others use. docs/performance.md explains the figures.
 */
import { labAvailable } from '../lab/available';
import { Generator } from './support/generator';
import { type Bar, percentile, progress, publish, round, spread } from './support/report';
import { type Candidate, coturn, dgram, fastPath, plain, userSpace } from './support/relay-candidates';
import { cpus, RelayLab } from './support/relay-lab';
import { type CpuSample, type Measurement, measure, memoryPer1000Pairs } from './support/relay-measure';

const args = process.argv.slice(2);
const repetitions = args.includes('--quick') ? 1 : 3;
const candidates: readonly Candidate[] = [plain, fastPath, userSpace, dgram, coturn];

type Results = ReadonlyMap<Candidate, Measurement[]>;
/** MiB that 1,000 pairs take, null where no process takes any. */
type Memory = Map<Candidate, number | null>;

async function main(): Promise<void> {
  const reason = labAvailable();
  if (reason) throw new Error(`This benchmark ${reason}`);
  const lab = await RelayLab.create();
  const generator = await Generator.start(cpus);
  try {
    report(await measureInTurn(lab, generator), await measureMemory(lab, generator));
  } finally {
    await generator.stop();
    await lab.close();
  }
}

async function measureInTurn(lab: RelayLab, generator: Generator): Promise<Results> {
  const results = new Map(candidates.map((candidate) => [candidate, [] as Measurement[]]));
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const candidate of candidates) {
      progress(`run ${repetition} of ${repetitions}: ${candidate.name}`);
      results.get(candidate)?.push(await measure(candidate, lab, generator));
    }
  }
  return results;
}

async function measureMemory(lab: RelayLab, generator: Generator): Promise<Memory> {
  const memory: Memory = new Map();
  for (const candidate of candidates) {
    progress(`memory: ${candidate.name}`);
    memory.set(candidate, await memoryPer1000Pairs(candidate, lab, generator));
  }
  return memory;
}

function report(results: Results, memory: Memory): void {
  const limit = results.get(plain) ?? [];
  publish(
    {
      benchmark: 'relay',
      tables: [
        {
          title:
            "µs of the server's processor per packet; other rows: above plain forwarding in the same run.",
          columns: [
            'relay',
            ...(limit[0]?.cpu ?? []).map(({ bytes, perSecond }) => `${bytes} B ${perSecond / 1000}k/s`),
          ],
          rows: [...results].map(([candidate, measured]) => [
            candidate.name,
            ...(limit[0]?.cpu ?? []).map((_, load) =>
              spread(
                candidate === plain
                  ? measured.map(({ cpu }) => usOf(cpu, load))
                  : above(limit, measured, load),
              ),
            ),
          ]),
        },
        {
          title:
            'Highest rate with less than 1 % loss (128 B), the way there and back at 5,000/s, and memory.',
          columns: ['relay', 'packets/s', 'p50 µs', 'p99 µs', 'MiB per 1,000 pairs'],
          rows: [...results].map(([candidate, measured]) => [
            candidate.name,
            spread(measured.map(({ highestPerSecond }) => highestPerSecond)),
            spread(measured.map(({ p50Us }) => p50Us)),
            spread(measured.map(({ p99Us }) => p99Us)),
            round(memory.get(candidate) ?? 0),
          ]),
        },
      ],
      bars: bars(results, limit),
    },
    args,
  );
}

function bars(results: Results, limit: readonly Measurement[]): Bar[] {
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
