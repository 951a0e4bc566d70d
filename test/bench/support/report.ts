import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';

/** A figure that a benchmark promises: at most `most`, or at least `least`. */
export interface Bar {
  name: string;
  measured: number;
  unit: string;
  most?: number;
  least?: number;
}

export interface BenchTable {
  title: string;
  columns: string[];
  rows: (string | number)[][];
}

export interface BenchReport {
  benchmark: string;
  tables: BenchTable[];
  bars: Bar[];
}

const machine = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};

/** Two blanks between columns and no frame, so that a table fits 80 columns. */
const plainLines = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [side + part, '']),
  ),
);

/** The report as text: tables for people, or one JSON document. Without any bar, none is met. */
export function publish(report: BenchReport, asJson: boolean): { text: string; allMet: boolean } {
  const bars = report.bars.map((bar) => ({ ...bar, met: isMet(bar) }));
  const text = asJson ? JSON.stringify({ ...report, bars, machine }, null, 2) : textOf(report.tables, bars);
  return { text: `${text}\n`, allMet: bars.length > 0 && bars.every(({ met }) => met) };
}

/** Progress for people, on stderr so that stdout stays parseable. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** NaN, which is what an empty measurement gives, meets no bar. */
function isMet({ name, measured, most, least }: Bar): boolean {
  if (most === undefined && least === undefined) throw new Error(`The bar has no bound: ${name}`);
  return measured <= (most ?? Infinity) && measured >= (least ?? -Infinity);
}

function textOf(tables: readonly BenchTable[], bars: readonly (Bar & { met: boolean })[]): string {
  const lines = [`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}`];
  for (const { title, columns, rows } of tables) {
    const table = new Table({
      head: columns,
      chars: plainLines,
      style: { head: [], border: [], compact: true },
    });
    table.push(...rows);
    lines.push(`\n${title}\n${table.toString()}`);
  }
  lines.push('\nBars');
  for (const bar of bars) {
    const bound = bar.most === undefined ? `at least ${bar.least}` : `at most ${bar.most}`;
    lines.push(
      `  ${bar.met ? 'met   ' : 'MISSED'}  ${bar.name}: ${round(bar.measured)} ${bar.unit} (${bound})`,
    );
  }
  return lines.join('\n');
}

/** Three significant digits: more would claim a precision that a shared machine does not have. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** The median, and behind it the range where there is more than one value. */
export function spread(values: readonly number[]): string {
  const middle = String(round(percentile(values, 0.5)));
  return values.length > 1
    ? `${middle} (${round(Math.min(...values))}–${round(Math.max(...values))})`
    : middle;
}

/** @param quantile 0 … 1, nearest rank */
export function percentile(values: readonly number[], quantile: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? NaN;
}
