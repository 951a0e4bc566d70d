/** A process of agents; {@link Agents} tells it what to do. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../apps/client/src/config';
import { NetworkManager } from '../../../apps/client/src/network/network-manager';
import { PartyManager } from '../../../apps/client/src/party-manager';
import { StubNetwork } from '../../e2e/support/stub-network';
import { obey, tellParent } from '../support/worker';
import type { Entered, EnterOrder, Orders } from './agents';
import { viewOf, watchAgent } from './notices';

const agents: PartyManager[] = [];
let hasTunnels = false;

const orders: Orders = {
  async enter({ parties, pauseMs, ...settings }: EnterOrder): Promise<Entered[]> {
    hasTunnels = settings.interfaceName !== null;
    const entered: Entered[] = [];
    for (const { names, partyId } of parties) {
      let id = partyId;
      for (const name of names) {
        const startedAtMs = performance.now();
        const one = await enterOne(name, id, settings);
        id = one.partyId;
        entered.push(one);
        tellParent({ entered: entered.length });
        await sleep(Math.max(0, pauseMs - (performance.now() - startedAtMs)));
      }
    }
    return entered;
  },
  watch() {
    for (const agent of agents) watchAgent(agent, tellParent);
    return Promise.resolve();
  },
  views: () => Promise.resolve(agents.map(viewOf)),
};

async function enterOne(
  nickname: string,
  partyId: string | undefined,
  { server, home, interfaceName }: Pick<EnterOrder, 'server' | 'home' | 'interfaceName'>,
): Promise<Entered> {
  const settings = { home: join(home, nickname), server, nickname, portMapping: false };
  const config = loadConfig(
    interfaceName === null ? settings : { ...settings, interface: interfaceName },
    {},
  );
  const network = interfaceName === null ? new StubNetwork(config) : new NetworkManager(config);
  await network.initialize();
  const agent = new PartyManager(config, network);
  // Neighbours find each other at once when they know that they are; those without tunnels find out by the way.
  await Promise.all([agent.initializeControl(), hasTunnels && agent.initializeNat()]);
  const party = await (partyId ? agent.joinParty(partyId) : agent.createParty('Bench'));
  agents.push(agent);
  const self = party.getPeerList().find(({ isSelf }) => isSelf);
  return { partyId: party.id, virtualIp: self?.virtualIp ?? '' };
}

obey(orders);
process.on('disconnect', () => {
  const ended = hasTunnels ? Promise.allSettled(agents.map((agent) => agent.close())) : Promise.resolve();
  void ended.then(() => process.exit());
});
