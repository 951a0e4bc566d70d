/**
 * What one control node does, with real PostgreSQL and fsync on; load generators, server and database share the machine.
 * `--only rates,races` runs these sections alone, `--quick` one repetition of what is repeated.
 */
import { agents } from './control/agents';
import { nodes } from './control/nodes';
import { races } from './control/races';
import { rates } from './control/rates';
import { runBenchmark } from './support/command';
import { machineBusySeconds } from './support/control-server';
import { progress, round } from './support/report';
import { chosenFrom, type Section } from './support/sections';

const sections: Record<string, (options: { quick: boolean }) => Promise<Section>> = {
  rates,
  races,
  agents,
  nodes,
};

async function measure(args: readonly string[]): Promise<Section> {
  const chosen = chosenFrom(Object.keys(sections), args);
  const results: Section[] = [];
  for (const name of chosen) {
    progress(`== ${name}`);
    const startedAt = performance.now();
    const busyBefore = machineBusySeconds();
    results.push(await sections[name]!({ quick: args.includes('--quick') }));
    const seconds = (performance.now() - startedAt) / 1000;
    const busy = (machineBusySeconds() - busyBefore) / seconds;
    progress(
      `${name} took ${Math.round(seconds)} s; ${round(busy)} processors were busy, with this or other things`,
    );
  }
  return { tables: results.flatMap(({ tables }) => tables), bars: results.flatMap(({ bars }) => bars) };
}

const about = 'Measures what one control node does, with real PostgreSQL.';
void runBenchmark(
  { command: 'npm run bench:control', about, sections: Object.keys(sections), measure },
  process.argv.slice(2),
);
