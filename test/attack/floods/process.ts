/** The process of an {@link Attacker}. */
import { obey } from '../../bench/support/worker';
import type { Orders } from './attacker';
import { kinds } from './kinds';

let flood: ((seconds: number) => Promise<number>) | undefined;

obey<Orders>({
  async prepare({ kind, url }) {
    flood = await kinds[kind](url);
  },
  flood: async ({ seconds }) => (await flood?.(seconds)) ?? 0,
});
process.on('disconnect', () => process.exit());
