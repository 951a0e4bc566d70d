/**
 * What relaying costs: processor time of the server per packet, the highest rate with less than 1 % loss, and the
 * delay that it adds, for several relays in turn, on one machine in three network namespaces. Plain forwarding by the
 * kernel is the limit that no relay on the server can pass; coturn (channel data on one side, plain on the other) is
 * what others use. Then what a flood of junk costs the games on other ports, and the memory of a relay full of pairs.
 * docs/performance.md explains the figures. `--only load,hardship,pairs` runs these sections alone, `--quick` one
 * repetition of what is repeated.
 */
import { labAvailable } from '../lab/available';
import { hardship } from './relay/hardship';
import { load } from './relay/load';
import { pairs } from './relay/pairs';
import { runBenchmark } from './support/command';
import { Generator } from './support/generator';
import { cpus, RelayLab } from './support/relay-lab';
import { chosenFrom, type Section } from './support/sections';

const args = process.argv.slice(2);
const repetitions = args.includes('--quick') ? 1 : 3;

const sections: Record<string, () => Promise<Section>> = {
  load: () => inLab((lab, generator) => load(lab, generator, repetitions)),
  hardship: () => inLab(hardship),
  pairs,
};

async function measure(): Promise<Section> {
  const results: Section[] = [];
  for (const name of chosenFrom(Object.keys(sections), args)) results.push(await sections[name]!());
  return { tables: results.flatMap(({ tables }) => tables), bars: results.flatMap(({ bars }) => bars) };
}

async function inLab(section: (lab: RelayLab, generator: Generator) => Promise<Section>): Promise<Section> {
  const reason = labAvailable();
  if (reason) throw new Error(`This benchmark ${reason}`);
  const lab = await RelayLab.create();
  const generator = await Generator.start(cpus);
  try {
    return await section(lab, generator);
  } finally {
    await generator.stop();
    await lab.close();
  }
}

const about = 'Measures what relaying costs, beside the kernel and coturn.';
void runBenchmark({ command: 'npm run bench:relay', about, sections: Object.keys(sections), measure }, args);
