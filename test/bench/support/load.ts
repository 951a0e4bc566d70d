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
