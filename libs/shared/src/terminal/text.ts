/** Text for a terminal of 80 columns. Pure. */
import stringWidth from 'string-width';
import type { LanrageError } from '../errors';
import { printable } from './printable';

export const COLUMNS = 80;
/** Between the columns of a table. */
const GAP = 2;

export { printable };

/** A refusal in one line. */
export function renderError({ code, message }: Pick<LanrageError, 'code' | 'message'>): string {
  return `error ${code}: ${printable(message)}`;
}

/** At spaces only: what is longer than a line stays whole, to be copied. */
export function wrap(text: string, columns = COLUMNS): string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<=\S) /)) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last) + 1 + columnsOf(word) <= columns)
      lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines;
}

/** One line of at most so many columns. Only what is longer is cut, between words if there are any. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  const cut = start(text, columns - 1);
  const atWord = cut.replace(/[\s,:;]+\S*$/, '');
  return `${atWord.length > columns / 2 ? atWord : cut}…`;
}

export function formatLatency(latencyMs: number): string {
  return `${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
}

/** A duration in the largest unit of which there is more than one. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The beginning of a text, as many characters as fit, whole ones: an emoji may consist of several code points. */
function start(text: string, columns: number): string {
  let used = 0;
  let length = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += columnsOf(segment);
    if (used > columns) break;
    length += segment.length;
  }
  return text.slice(0, length);
}

/** How many columns a terminal takes for a text: two for wide characters (Unicode annex 11) and emoji, none for what combines. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** A table without lines. @param widths of the columns, gaps included, which cut off what is longer */
export function renderTable(
  head: readonly string[],
  widths: readonly number[],
  rows: readonly (readonly string[])[],
): string {
  const last = head.length - 1;
  return [head, ...rows]
    .map((cells) => cells.map((cell, index) => fill(cell, widths[index] ?? COLUMNS, index === last)).join(''))
    .map((line) => line.trimEnd())
    .join('\n');
}

function fill(cell: string, width: number, isLast: boolean): string {
  const text = fit(cell, isLast ? width : width - GAP);
  return text + ' '.repeat(width - columnsOf(text));
}
