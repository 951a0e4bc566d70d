/** How quickly a running agent answers, and what that costs: `--only status` runs that section alone. */
import { page } from './agent/page';
import { state } from './agent/state';
import { status } from './agent/status';
import { runBenchmark } from './support/command';
import { progress } from './support/report';
import { chosenFrom, type Section } from './support/sections';

const sections: Record<string, (options: { quick: boolean }) => Promise<Section>> = { status, state, page };

async function measure(args: readonly string[]): Promise<Section> {
  const results: Section[] = [];
  for (const name of chosenFrom(Object.keys(sections), args)) {
    progress(`== ${name}`);
    results.push(await sections[name]!({ quick: args.includes('--quick') }));
  }
  return { tables: results.flatMap(({ tables }) => tables), bars: results.flatMap(({ bars }) => bars) };
}

const about = 'Measures how quickly a running agent answers, and what that costs.';
void runBenchmark(
  { command: 'npm run bench:agent', about, sections: Object.keys(sections), measure },
  process.argv.slice(2),
);
