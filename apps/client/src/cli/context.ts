import type { ClientConfig } from '../config';
import { LanrageError } from '#shared/errors';
import { renderError } from './rendering';

/** What every verb gets. */
export interface Context {
  readonly config: ClientConfig;
  /** Print JSON, for programs. */
  readonly json: boolean;
}

/** The answer of a command, on stdout: one line of JSON, or text for people. */
export function answer({ json }: Context, value: unknown, text: string): void {
  console.log(json ? JSON.stringify(value) : text);
}

/** A refusal, on stderr. */
export function complain(json: boolean, error: LanrageError): void {
  const { code, message, retryable } = error;
  console.error(json ? JSON.stringify({ error: { code, message, retryable } }) : renderError(error));
}
