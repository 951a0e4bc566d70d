/** The agent's log for people. Pure: lines of JSON in, lines of text out. */
import { z } from 'zod';
import { printable } from '#shared/terminal/text';

/** A line as pino writes it; the rest is what the event is about. */
const lineSchema = z.looseObject({ level: z.number(), time: z.number(), msg: z.string().default('') });
const errorSchema = z.looseObject({ message: z.string() });

/** Names of pino's levels, by number. */
const levels: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);
const LEVEL_COLUMNS = 6;

export function renderLogLine(line: string): string {
  const parsed = lineSchema.safeParse(JSON.parse(line));
  if (!parsed.success) return printable(line);
  const { level, time, msg, ...facts } = parsed.data;
  const told = Object.entries(facts)
    .filter(([key]) => key !== 'name')
    .map(([key, value]) => ` ${key}=${renderFact(value)}`);
  const moment = new Date(time).toISOString().slice(0, 19).replace('T', ' ');
  return printable(`${moment} ${(levels.get(level) ?? '').padEnd(LEVEL_COLUMNS)}${msg}${told.join('')}`);
}

/** A value in one line; an error without its stack. */
function renderFact(value: unknown): string {
  const error = errorSchema.safeParse(value);
  if (error.success) return JSON.stringify(error.data.message);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
