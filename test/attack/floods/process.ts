/** The process of an {@link Attacker}. */
import { kinds, type FloodKind } from './kinds';

type Order = { prepare: FloodKind; url: string } | { flood: number };
let flood: ((seconds: number) => Promise<number>) | undefined;

async function obey(order: Order): Promise<object> {
  if ('prepare' in order) {
    flood = await kinds[order.prepare](order.url);
    return {};
  }
  return { sent: await flood?.(order.flood) };
}

process.on('message', (order: Order) => {
  obey(order).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
