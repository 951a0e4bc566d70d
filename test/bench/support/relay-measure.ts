/** One candidate under load: processor time, highest rate, delay. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Generator, Load, LoadResult } from './generator';
import type { RelayLab } from './relay-lab';
import type { Candidate } from './relay-candidates';

export interface CpuSample {
  readonly perSecond: number;
  readonly bytes: number;
  /** Time of the server's processor, everything included. */
  readonly usPerPacket: number;
}

export interface Measurement {
  readonly cpu: readonly CpuSample[];
  /** The highest rate, in packets per second, of which less than 1 % was lost. */
  readonly highestPerSecond: number;
}

/** There and back. */
export interface Delay {
  readonly p50Us: number;
  readonly p99Us: number;
}

interface Window extends LoadResult {
  readonly load: Load;
  /** Share of the server's processor that went to the relay's process, and to interrupts while it was not running. */
  readonly processShare: number;
}

const pairs = 8;
/** Fewer than the initiations that a relay takes from one address at once. */
const manyPairs = 500;
const bytes = 128;
const windowMs = 600;
/** Length of the flood at one rate, in the search for the highest. */
const floodMs = 450;
/** The bars are for 40,000 packets a second, of which a percent of the processor is a quarter of a microsecond. */
const loads: readonly Load[] = [bytes, 1200].flatMap((length) =>
  [10_000, 20_000, 40_000].map((perSecond) => ({
    perSecond,
    bytes: length,
    durationMs: perSecond === 40_000 ? 2 * windowMs : windowMs,
  })),
);
const lossLimit = 0.01;

export async function measure(
  candidate: Candidate,
  lab: RelayLab,
  generator: Generator,
): Promise<Measurement> {
  const running = await candidate.start(lab, generator, pairs);
  const pids = [lab.interruptThread, ...(running.pid === null ? [] : [running.pid])];
  const cpuNs = () => pids.reduce((sum, pid) => sum + cpuNsOf(pid), 0);
  const run = async (load: Load): Promise<Window> => {
    const before = cpuNs();
    const startedAtMs = performance.now();
    const result = await generator.load(load);
    const processShare = (cpuNs() - before) / ((performance.now() - startedAtMs) * 1e6);
    return { ...result, load, processShare };
  };
  try {
    await generator.load({ perSecond: 20_000, bytes, durationMs: windowMs });
    const before = await run({ perSecond: 0, bytes, durationMs: windowMs });
    const windows: Window[] = [];
    for (const load of loads) windows.push(await run(load));
    const after = await run({ perSecond: 0, bytes, durationMs: windowMs });
    const idleTurnsPerMs = (before.turnsPerMs + after.turnsPerMs) / 2;
    const cpu = windows.map((window) => ({
      ...window.load,
      usPerPacket: cpuUsPerPacket(window, idleTurnsPerMs),
    }));
    return { cpu, highestPerSecond: await highestRate(generator) };
  } finally {
    await running.stop();
    await generator.clear();
  }
}

/** By itself and short, so that candidates can take turns often: what else the machine does changes by the second. */
export async function measureDelay(
  candidate: Candidate,
  lab: RelayLab,
  generator: Generator,
): Promise<Delay> {
  const running = await candidate.start(lab, generator, pairs);
  try {
    await generator.load({ perSecond: 20_000, bytes, durationMs: windowMs });
    return await generator.echo({ perSecond: 5000, bytes, durationMs: windowMs });
  } finally {
    await running.stop();
    await generator.clear();
  }
}

/** Resident memory, in MiB, that 1,000 pairs in sessions add to the relay's process. */
export async function memoryPer1000Pairs(
  candidate: Candidate,
  lab: RelayLab,
  generator: Generator,
): Promise<number> {
  const residentMiB = async (count: number) => {
    const { pid, stop } = await candidate.start(lab, generator, count);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    await stop();
    await generator.clear();
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };
  const few = await residentMiB(pairs);
  const many = await residentMiB(pairs + manyPairs);
  return ((many - few) * 1000) / manyPairs;
}

/** While the relay's process runs, interrupts are on its account; for the rest of the time the idle thread tells. */
function cpuUsPerPacket({ sent, processShare, turnsPerMs, load }: Window, idleTurnsPerMs: number): number {
  const interruptShare = (1 - processShare) * (1 - turnsPerMs / idleTurnsPerMs);
  return ((processShare + interruptShare) * load.durationMs * 1000) / sent;
}

/** Halves, on a logarithmic scale, the range in which the highest rate must lie. */
async function highestRate(generator: Generator): Promise<number> {
  let [passed, failed, highest] = [30_000, 800_000, 0];
  while (failed / passed > 1.08) {
    const perSecond = Math.sqrt(passed * failed);
    const { sent, received } = await generator.flood({ perSecond, bytes, durationMs: floodMs });
    const reachedPerSecond = received / (floodMs / 1000);
    const isLossy = received < (1 - lossLimit) * sent;
    if (!isLossy) highest = Math.max(highest, reachedPerSecond);
    if (isLossy || reachedPerSecond < (1 - lossLimit) * perSecond) failed = perSecond;
    else passed = perSecond;
  }
  return highest;
}

/** Time of all threads; the kernel's documentation of schedstats puts the time on the processor first. */
function cpuNsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
  return times.reduce((sum, text) => sum + parseInt(text, 10), 0);
}
