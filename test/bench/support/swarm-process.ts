/** A process full of agents; {@link Swarm} tells it what to do. */
import type { Commands } from './swarm';
import { Agents } from './swarm-agents';
import { floods } from './floods';

const agents = new Agents((count) => process.send?.({ entered: count }));
const commands: Commands = {
  enter: (order) => agents.enter(order),
  push: (order) => agents.push(order),
  ask: (order) => agents.ask(order),
  comeBack: (order) => agents.comeBack(order),
  connectedTo: ({ url }) => Promise.resolve(agents.connectedTo(url)),
  state: () => Promise.resolve(agents.state()),
  flood: ({ kind, ...order }) => floods[kind](order),
};

process.on('message', ({ id, command, order }: { id: number; command: keyof Commands; order: never }) => {
  commands[command](order).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, failure: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
