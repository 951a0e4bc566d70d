import type { BenchReport } from './report';

/** What one part of a benchmark has to say. */
export type Section = Pick<BenchReport, 'tables' | 'bars'>;

/** Those that `--only one,other` names, in their own order; all of them without it. */
export function chosenFrom(all: readonly string[], args: readonly string[]): string[] {
  const at = args.indexOf('--only');
  if (at < 0) return [...all];
  const wanted = (args[at + 1] ?? '').split(',');
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`--only takes ${all.join(', ')}; not ${unknown.join(', ')}`);
  return all.filter((name) => wanted.includes(name));
}
