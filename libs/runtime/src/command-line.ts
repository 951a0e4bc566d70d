/** What `lanrage` and `lanrage-admin` have in common: how a command says what it found, and how it ends. */
import { CommanderError } from 'commander';
import { LanrageError } from '#shared/errors';
import { ConfigError } from '#shared/settings';
import { renderError } from '#shared/terminal/text';

/** What others script against: 0 done, 1 refused, 2 wrong usage. */
export const exitCodes = { done: 0, refused: 1, usage: 2 } as const;

/** Says on stderr why a command ends. @param render text for people @returns its exit code */
export function report(error: unknown, render: (refusal: LanrageError) => string = renderError): number {
  // Commander has said already what was wrong; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof ConfigError) {
    console.error(error.message);
    return exitCodes.usage;
  }
  const refusal =
    error instanceof LanrageError
      ? error
      : new LanrageError('INTERNAL', { message: String((error as Error).stack ?? error), cause: error });
  complain(process.argv.includes('--json'), refusal, render);
  return exitCodes.refused;
}

/** A refusal, on stderr: one line of JSON, or text for people. */
function complain(isJson: boolean, error: LanrageError, render: (refusal: LanrageError) => string) {
  const { code, message, retryable } = error;
  console.error(isJson ? JSON.stringify({ error: { code, message, retryable } }) : render(error));
}

/** The end of a command's help. */
export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`;
}
