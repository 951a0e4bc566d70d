import { join } from 'node:path';
import { Lab } from '../../lab/lab';
import type { Attack } from '../attack';

const script = join(__dirname, '../../e2e/support/tunnel-flood.mjs');
const MESSAGES = 6_000;
/** How many messages of all kinds may get through: what the bucket holds, and what it gains during the flood. */
const MOST_HEARD = 1_000;

/** A member floods the agent's service inside the tunnel with echoes, goodbyes with false proofs, and false alarms. */
export const tunnelFlood: Attack = {
  name: 'flood inside the tunnel',
  attacker: 'member',
  needs: 'lab',
  async play() {
    const lab = await Lab.create();
    try {
      const host = await lab.publicHost('victim');
      for (const address of ['10.66.0.2/32', '10.66.0.3/32'])
        await host.exec(['ip', 'address', 'add', address, 'dev', 'lo']);
      const { stdout, stderr } = await host.exec([process.execPath, script, String(MESSAGES)], {
        timeoutMs: 30_000,
      });
      if (stdout === '') throw new Error(stderr);
      const heard = Object.values(JSON.parse(stdout) as Record<string, number>).reduce(
        (sum, each) => sum + each,
        0,
      );
      if (heard === 0) throw new Error('nothing was heard at all');
      return {
        tried: 1,
        through: heard > MOST_HEARD ? 1 : 0,
        note: `${heard} of ${MESSAGES} messages heard`,
      };
    } finally {
      await lab.close();
    }
  },
};
