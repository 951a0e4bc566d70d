/** Most lines: as many as an evening has, with room for a bad one. */
const MOST_LINES = 500;
/** Longest line, in characters: a stack fits. */
const LONGEST_LINE = 4_096;

/** The latest lines of the agent's log, for `lanrage log`: in memory, as a full disk must end no game. */
export class LogBook {
  readonly #lines: string[] = [];

  /** Takes a line of JSON, as pino writes it; one that is too long is not worth half of it. */
  write(line: string): void {
    if (line.length > LONGEST_LINE) return;
    this.#lines.push(line.trimEnd());
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  /** All lines, the oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
