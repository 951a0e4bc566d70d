import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './report';

export interface LoadResult {
  operations: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Works through the jobs with `connections` workers, each one job at a time, and times every job. */
export async function load<T>(
  connections: number,
  jobs: readonly T[],
  work: (job: T) => Promise<unknown>,
): Promise<LoadResult> {
  const durationsMs: number[] = [];
  let next = 0;
  const worker = async () => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      const startedAt = performance.now();
      await work(job);
      durationsMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    operations: durationsMs.length,
    perSecond: durationsMs.length / seconds,
    p50Ms: percentile(durationsMs, 0.5),
    p99Ms: percentile(durationsMs, 0.99),
  };
}

/** Starts work at a steady pace, whether or not what was started before is done; settles when all is. */
export async function everySo(
  perSecond: number,
  seconds: number,
  work: (turn: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  const underWay: Promise<unknown>[] = [];
  for (let turn = 0; turn < perSecond * seconds; turn++) {
    const dueInMs = startedAt + (1000 * turn) / perSecond - performance.now();
    if (dueInMs > 0) await sleep(dueInMs);
    underWay.push(work(turn));
  }
  await Promise.all(underWay);
}
