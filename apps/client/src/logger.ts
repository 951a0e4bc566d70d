import pino, { type Logger } from 'pino';
import type { LogBook } from './agent/log-book';
import type { LogLevel } from './config';

/** What the book keeps, however little stderr gets. */
const BOOK_LEVEL = 'info';

/** Structured logs on stderr, as stdout belongs to the command's answer, and in a book that can be read later. */
export function createLogger(level: LogLevel, book: LogBook): Logger {
  const streams = pino.multistream([
    { level, stream: pino.destination({ dest: 2, sync: true }) },
    { level: BOOK_LEVEL, stream: book },
  ]);
  // The streams decide; none of them wants less than the lower of the two.
  const isLoud = level === 'debug' || level === 'trace';
  return pino({ name: 'lanrage', level: isLoud ? level : BOOK_LEVEL, base: null }, streams);
}
