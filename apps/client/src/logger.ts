import pino, { type Logger } from 'pino';
import type { LogLevel } from './config';

/** Structured logs on stderr, as stdout belongs to the command's answer. */
export function createLogger(level: LogLevel): Logger {
  return pino({ name: 'lanrage', level, base: null }, pino.destination({ dest: 2, sync: true }));
}
