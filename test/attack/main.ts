/** `npm run attack`: plays all that somebody may try against LANrage, and holds the outcome to the bars. */
import { runBenchmark } from '../bench/support/command';
import { progress } from '../bench/support/report';
import { chosenFrom, type Section } from '../bench/support/sections';
import { floods } from './floods';
import { gates } from './gates';
import { soak } from './soak';

const sections: Record<string, (options: { quick: boolean }) => Promise<Section>> = {
  gates,
  floods,
  soak,
};

async function measure(args: readonly string[]): Promise<Section> {
  const results: Section[] = [];
  for (const name of chosenFrom(Object.keys(sections), args)) {
    progress(`== ${name}`);
    results.push(await sections[name]!({ quick: args.includes('--quick') }));
  }
  return { tables: results.flatMap(({ tables }) => tables), bars: results.flatMap(({ bars }) => bars) };
}

export function main(args: readonly string[]): void {
  const about = `Plays attacks against real servers, relays and agents on this machine: nothing may get through.
  gates  each attack, and how often it got through
  floods what players of other parties wait while somebody floods the server (Linux)
  soak   half a million sign-ins in one server, watched for stalls`;
  void runBenchmark({ command: 'npm run attack', about, sections: Object.keys(sections), measure }, args);
}
