/** What the command lines of the fuzzers have in common. */
import { parseArgs } from 'node:util';

/** The values of options that take one, or what is wrong with them; empty when help is wanted. */
export function readValues<Name extends string>(
  args: string[],
  names: readonly Name[],
): Partial<Record<Name, string>> | string {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
    const { values } = parseArgs({ args, options: { ...options, help: { type: 'boolean' } } });
    return values.help ? '' : (values as Partial<Record<Name, string>>);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Prints how it is used. @param fault empty when that was asked for @returns the exit code */
export function usage(fault: string, help: string): number {
  if (fault !== '') say(`${fault}\n\n${help}`);
  else process.stdout.write(help);
  return fault === '' ? 0 : 2;
}

/** To people, on stderr, so that a finding on stdout can be kept. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
