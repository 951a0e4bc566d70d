/** A process full of agents; {@link Swarm} tells it what to do. */
import type { Commands } from './swarm';
import { Agents } from './swarm-agents';
import { floods } from './floods';
import { obey, tellParent } from './worker';

const agents = new Agents((entered) => tellParent({ entered }));
obey<Commands>({
  enter: (order) => agents.enter(order),
  push: (order) => agents.push(order),
  ask: (order) => agents.ask(order),
  comeBack: (order) => agents.comeBack(order),
  connectedTo: ({ url }) => Promise.resolve(agents.connectedTo(url)),
  state: () => Promise.resolve(agents.state()),
  flood: ({ kind, ...order }) => floods[kind](order),
});
process.on('disconnect', () => process.exit());
