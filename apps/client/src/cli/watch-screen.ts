/** What `status --watch` puts where. Pure: values in, text and control sequences (ECMA-48, xterm's modes) out. */
import { columnsOf, fit } from '#shared/terminal/text';
import type { StatusAnswer } from '../agent/local-api';
import { renderStatus } from './rendering';

/** The status at one moment, or that nobody is there to tell it. */
export type Sight = StatusAnswer | { readonly status: 'no_agent' };

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const escape = '\u001b[';
/** A screen of its own, so that the terminal shows afterwards what it showed before; no cursor. */
export const enterScreen = `${escape}?1049h${escape}?25l`;
export const leaveScreen = `${escape}?25h${escape}?1049l`;

export function renderSight(sight: Sight): string {
  if (sight.status !== 'no_agent') return renderStatus(sight);
  return ['No agent is running. This continues as soon as one is.', 'Start one: lanrage agent'].join('\n');
}

/** Equal for two sights between which nothing happened but pings. */
export function eventKey(sight: Sight): string {
  if (sight.status !== 'in_party') return renderSight(sight);
  const peers = sight.party.peers.map((peer) => ({ ...peer, latencyMs: null, latencyAgeMs: null }));
  return renderStatus({ ...sight, party: { ...sight.party, peers } });
}

/** One block of a listing. @param time of day, for people */
export function renderBlock(sight: Sight, time: string): string {
  return `${time}\n${renderSight(sight)}\n`;
}

/** Writes over what is on the screen, line by line, and clears only what remains: nothing flickers. */
export function redraw(sight: Sight, time: string, { columns, rows }: ScreenSize): string {
  const lines = [`${time} · every second · Ctrl-C ends`, '', ...renderSight(sight).split('\n')];
  const shown = clip(lines, rows).map((line) => fit(line, columns));
  const below = shown.length < rows ? `${escape}${shown.length + 1};1H${escape}J` : '';
  return `${escape}H${shown.map((line) => clearingRest(line, columns)).join('\n')}${below}`;
}

/** After a full line the cursor still stands on its last character, which clearing would take. */
function clearingRest(line: string, columns: number): string {
  return columnsOf(line) < columns ? `${line}${escape}K` : line;
}

function clip(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = lines.slice(0, rows - 1);
  return [...shown, `… ${lines.length - shown.length} lines more: enlarge the window`];
}
