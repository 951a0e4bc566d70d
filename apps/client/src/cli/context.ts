import type { LanrageError } from '#shared/errors';
import { COLUMNS, renderError, wrap } from '#shared/terminal/text';
import { loadConfig, namedServer, unknownVariables, type ClientConfig } from '../config';

/** What every verb gets. */
export interface Context {
  readonly config: ClientConfig;
  /** The server that a flag or the environment names for this command; undefined where it is remembered or the default. */
  readonly namedServer: string | undefined;
  /** Print JSON, for programs. */
  readonly json: boolean;
}

/** The options that all verbs have. */
export interface CommonOptions {
  readonly server?: string;
  readonly home?: string;
  readonly interface?: string;
  readonly json?: boolean;
}

/** @throws ConfigError, LanrageError HOME_NOT_SAFE … */
export function contextOf({ server, home, interface: interfaceName, json = false }: CommonOptions): Context {
  if (!json) for (const sentence of unknownVariables()) console.error(`Warning: ${sentence}`);
  const config = loadConfig({ server, home, interface: interfaceName });
  return { config, namedServer: namedServer(server), json };
}

/** The answer of a command, on stdout: one line of JSON, or text for people. */
export function answer({ json }: Context, value: unknown, text: string): void {
  if (json) console.log(JSON.stringify(value));
  else say(text);
}

/** A refusal for people, as wide as stderr. */
export function rendered(error: LanrageError): string {
  return withoutBrokenWords(renderError(error), process.stderr);
}

/** Text for people, on stdout. */
export function say(text: string): void {
  console.log(withoutBrokenWords(text, process.stdout));
}

/** A terminal would break what is longer than its lines in the middle of words. What is indented is to be copied as it is. */
function withoutBrokenWords(text: string, { isTTY, columns }: NodeJS.WriteStream): string {
  if (!isTTY) return text;
  const lines = text.split('\n');
  return lines.flatMap((line) => (line.startsWith(' ') ? line : wrap(line, columns || COLUMNS))).join('\n');
}
