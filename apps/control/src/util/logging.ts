import type { LoggerService } from '@nestjs/common';
import { pino, type Level, type Logger } from 'pino';

/** Why Nest does not start, with a stack: main.ts says it on stderr. */
const STARTING = 'ExceptionHandler';
/** Where Nest says what it wires up: of interest only to somebody who debugs. */
const chattyContexts = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestFactory',
  'WebSocketsController',
]);

/**
 * Structured logs, one JSON object a line on stdout. Our own calls are `logger.log({ field }, 'what happened')`, with
 * the name of the part as context; above level debug the fields hold no address and no name of a player.
 */
export class StructuredLogger implements LoggerService {
  readonly pino: Logger;

  constructor(level: string) {
    this.pino = pino({ level });
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(chattyContexts.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === STARTING ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest appends the context to what was given. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const text = rest.length > 1 ? (rest[0] as string | undefined) : undefined;
    if (message instanceof Error) this.pino[level]({ context, err: message }, message.message);
    else if (message !== null && typeof message === 'object') this.pino[level]({ context, ...message }, text);
    else this.pino[level]({ context, detail: text }, message as string);
  }
}
