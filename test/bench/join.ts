/**
 * How long it takes to be in a party: until the first ping is answered, and until eight players are connected with each
 * other. `--only ping,eight` runs these sections alone.
 */
import { LabServer } from '../e2e/support/lab-server';
import { Lab } from '../lab/lab';
import { eightPlayers } from './join/eight-players';
import { firstPing } from './join/first-ping';
import { runBenchmark } from './support/command';
import { chosenFrom, type Section } from './support/sections';

const args = process.argv.slice(2);
const sections: Record<string, typeof firstPing> = { ping: firstPing, eight: eightPlayers };

async function measure(): Promise<Section> {
  const results: Section[] = [];
  for (const name of chosenFrom(Object.keys(sections), args)) results.push(await inLab(sections[name]!));
  return { tables: results.flatMap(({ tables }) => tables), bars: results.flatMap(({ bars }) => bars) };
}

async function inLab(section: typeof firstPing): Promise<Section> {
  const lab = await Lab.create();
  try {
    const server = await LabServer.start(await lab.publicHost('server'), {
      LANRAGE_LIMIT_JOINS: '0',
      LANRAGE_LIMIT_CREATES: '0',
      LANRAGE_LIMIT_PARTIES: '0',
      LANRAGE_LIMIT_CONNECTIONS: '0',
      LANRAGE_LIMIT_REQUESTS: '0',
      LANRAGE_LOG_LEVEL: 'warn',
    });
    const result = await section(lab, server, args.includes('--quick'));
    await server.stop();
    return result;
  } finally {
    await lab.close();
  }
}

const about =
  'Measures how long after a join the first ping is answered, and until eight players are connected.';
void runBenchmark({ command: 'npm run bench:join', about, sections: Object.keys(sections), measure }, args);
