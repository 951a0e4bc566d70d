import { join } from 'node:path';
import type { Attack } from '../attack';
import { withMachine } from './machine-lab';

const library = join(__dirname, '../../../dist/apps/client/src/index.js');

/** What a program of one's own may begin with; prints whether it was let in. */
const beginnings = [
  'await network.initialize()',
  'await network.start()',
  'await new PartyManager(config, network).initializeControl()',
];

/** A program of one's own in the state folder of an agent that runs must not take the agent's interface away. */
export const secondProgram: Attack = {
  name: 'second program in one home',
  attacker: 'local user',
  needs: 'lab',
  play: () =>
    withMachine(async (machine) => {
      await machine.up();
      const pid = machine.wireguardPid();
      let through = 0;
      for (const beginning of beginnings) {
        const answer = await machine.host.exec([process.execPath, '-e', scriptOf(beginning)], {
          env: { LANRAGE_HOME: machine.home, LANRAGE_INTERFACE: machine.host.interfaceName },
          timeoutMs: 10_000,
        });
        const isRefused = answer.stdout.trim() === 'AGENT_ALREADY_RUNNING';
        const traces = await machine.traces(pid);
        if (!isRefused || !traces.includes('interface')) through++;
      }
      return { tried: beginnings.length, through };
    }),
};

function scriptOf(beginning: string): string {
  return `
    const { loadConfig, NetworkManager, PartyManager } = require(${JSON.stringify(library)});
    const config = loadConfig();
    const network = new NetworkManager(config);
    (async () => { ${beginning}; })()
      .then(() => console.log('let in'), (error) => console.log(error.code))
      .then(() => process.exit());`;
}
