import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '../..');

export interface Instruction {
  /** In capitals */
  readonly name: string;
  readonly words: readonly string[];
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of our Dockerfile, in their order; it has no instruction before the first FROM. */
export function readStages(): Stage[] {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [name = '', ...words] = line.trim().split(/\s+/);
    if (name === 'FROM') stages.push({ base: words[0] ?? '', name: words[2] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push({ name, words });
  }
  return stages;
}

export function stage(name: string): Stage {
  const found = readStages().find((one) => one.name === name);
  if (!found) throw new Error(`no stage ${name}`);
  return found;
}

/** What a stage copies; `from` is the stage that has it, or null for the checkout. */
export function copies({
  instructions,
}: Stage): { from: string | null; sources: string[]; target: string }[] {
  return instructions
    .filter(({ name }) => name === 'COPY')
    .map(({ words }) => {
      const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1] ?? null;
      const paths = from === null ? words : words.slice(1);
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}
