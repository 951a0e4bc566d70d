/** The command line that all benchmarks have, and the one place where a benchmark ends. */
import { parseArgs } from 'node:util';
import { publish, type Bar } from './report';
import type { Section } from './sections';

export interface Benchmark {
  /** What people type, such as `npm run bench:join`. */
  readonly command: string;
  readonly about: string;
  /** What `--only` takes; none: the benchmark has one part. */
  readonly sections?: readonly string[];
  /** Switches of this benchmark alone, with what each does. */
  readonly switches?: Readonly<Record<string, string>>;
  measure(args: readonly string[]): Promise<Section>;
}

interface Wanted {
  readonly check: boolean;
  readonly json: boolean;
  /** Bounds that replace those of the bars of the same name. */
  readonly bounds: ReadonlyMap<string, number>;
}

const WRONG_USAGE = 2;

/**
 * Runs a benchmark and ends the process: with 1 when it failed or `--check` found a missed bar, with 2 for wrong usage.
 * The exit is explicit, because the hook of the embedded database ends a process that merely ran out of work with 0.
 */
export async function runBenchmark(benchmark: Benchmark, args: readonly string[]): Promise<never> {
  try {
    const wanted = wantedBy(benchmark, args);
    if (typeof wanted === 'string') return await end(wanted === '' ? 0 : WRONG_USAGE, benchmark, wanted);
    const { tables, bars } = await benchmark.measure(args);
    const held = withBounds(bars, wanted.bounds);
    const { text, allMet } = publish(
      { benchmark: benchmark.command.replace(/^npm run (bench:)?/, ''), tables, bars: held },
      wanted.json,
    );
    await written(process.stdout, text);
    process.exit(wanted.check && !allMet ? 1 : 0);
  } catch (error) {
    await written(process.stderr, `${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}

/** What the arguments ask for, or what is wrong with them; empty when help is wanted. */
function wantedBy({ sections = [], switches = {} }: Benchmark, args: readonly string[]): Wanted | string {
  try {
    const flag = { type: 'boolean' } as const;
    const own = Object.fromEntries(Object.keys(switches).map((name) => [name, flag]));
    const only = sections.length > 0 ? { only: { type: 'string' } as const } : {};
    const common = { check: flag, json: flag, quick: flag, help: flag } as const;
    const bar = { type: 'string', multiple: true } as const;
    const { values } = parseArgs({ args: [...args], options: { ...common, ...own, ...only, bar } });
    if (values.help) return '';
    const unknown = String(values['only' as keyof typeof values] ?? '').split(',');
    const strange = unknown.filter((name) => name !== '' && !sections.includes(name));
    if (strange.length > 0) return `--only takes ${sections.join(', ')}; not ${strange.join(', ')}`;
    return { check: !!values.check, json: !!values.json, bounds: new Map((values.bar ?? []).map(boundOf)) };
  } catch (error) {
    return (error as Error).message;
  }
}

function boundOf(text: string): [name: string, bound: number] {
  const at = text.lastIndexOf('=');
  const bound = Number(text.slice(at + 1));
  if (at < 1 || text.slice(at + 1).trim() === '' || !Number.isFinite(bound)) {
    throw new Error(`--bar takes NAME=NUMBER, not ${text}`);
  }
  return [text.slice(0, at), bound];
}

/** @throws Error when a bound names no bar of these: it would hold nothing */
export function withBounds(bars: readonly Bar[], bounds: ReadonlyMap<string, number>): Bar[] {
  for (const name of bounds.keys()) {
    if (!bars.some((bar) => bar.name === name)) throw new Error(`--bar names no bar of this run: ${name}`);
  }
  return bars.map((bar) => {
    const bound = bounds.get(bar.name);
    if (bound === undefined) return bar;
    return bar.most === undefined ? { ...bar, least: bound } : { ...bar, most: bound };
  });
}

async function end(code: number, benchmark: Benchmark, fault: string): Promise<never> {
  if (code === 0) await written(process.stdout, helpOf(benchmark));
  else await written(process.stderr, `${fault}\n\n${helpOf(benchmark)}`);
  process.exit(code);
}

function helpOf({ command: run, about, sections = [], switches = {} }: Benchmark): string {
  const options = [
    ['check', 'exits 1 when a bar is missed'],
    ['json', 'prints one JSON document on stdout'],
    ['quick', 'fewer repetitions'],
    ...(sections.length > 0 ? [['only LIST', `these alone: ${sections.join(',')}`]] : []),
    ...Object.entries(switches),
    ['bar NAME=N', 'holds the bar of this name to N instead; may be repeated'],
    ['help', 'prints this'],
  ].map(([option, text]) => `  --${option!.padEnd(12)}${text}\n`);
  const examples = [
    run,
    `${run} -- --quick --check`,
    `${run.replace('run', 'run --silent')} -- --json > report.json`,
  ];
  return `${about}

Usage: ${run} -- [options]

${options.join('')}
Exit codes: 0 done, 1 it failed or --check found a missed bar, 2 wrong usage.

Examples:
${examples.map((example) => `  ${example}\n`).join('')}`;
}

/** Ends the process when all that was said has been written; by exit, see {@link runBenchmark}. */
export async function endProcess(code: number): Promise<never> {
  await Promise.all([written(process.stdout, ''), written(process.stderr, '')]);
  process.exit(code);
}

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()));
}
