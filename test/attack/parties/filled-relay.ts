import { load } from '../../bench/support/load';
import { TestAgent } from '../../e2e/support/control-agent';
import { TestRelay } from '../../e2e/support/control-relay';
import { until } from '../../e2e/support/processes';
import { RealRelay } from '../../e2e/support/real-relay';
import type { Attack } from '../attack';
import { behindProxy, creator, from } from './server';

const AT_ONCE = 16;
/** For what is told later than a join is answered. */
const SETTLED_AFTER_MS = 10_000;
const honestSizes = [6, 20];

/** One person with many keys takes the whole relay; then friends at other addresses come to play. */
export const filledRelay: Attack = {
  name: 'one person fills the relay',
  attacker: 'member',
  play: behindProxy({}, async ({ url }, { effort }) => {
    const isSmall = effort < 0.5;
    const relay = await (isSmall ? statedRelay(url) : realRelay(url));
    try {
      const size = isSmall ? 34 : 128;
      for (let party = 0; party < 2; party++) await gather(url, '203.0.113.1', size);
      const taken = relay.count();
      let wanted = 0;
      let missing = 0;
      for (const [index, players] of honestSizes.entries()) {
        const { id, agents } = await gather(url, `192.0.2.${index + 1}`, players);
        const without = () => unrelayed(agents, id);
        const settled = async () => (await without()) === 0;
        await until('all have a relay', settled, { timeoutMs: SETTLED_AFTER_MS }).catch(() => undefined);
        wanted += (players * (players - 1)) / 2;
        missing += await without();
      }
      return { tried: wanted, through: missing, note: `one person had ${taken} of ${relay.capacity} pairs` };
    } finally {
      await relay.stop();
    }
  }),
};

interface AttackedRelay {
  readonly capacity: number;
  count(): number;
  stop(): Promise<void> | void;
}

async function realRelay(url: string): Promise<AttackedRelay> {
  const relay = await RealRelay.start(url, 'attacked', 256);
  const { capacity } = relay;
  return { capacity, count: () => relay.openPairs.length, stop: () => relay.die() };
}

/** Only says that it has room: a real one has too few ports for parties of this size unless it has room for far more. */
async function statedRelay(url: string): Promise<AttackedRelay> {
  const capacity = 1024;
  const relay = new TestRelay(url, { capacityPairs: capacity });
  await relay.connect();
  return { capacity, count: () => relay.open.size, stop: () => relay.close() };
}

/** How many pairs of these members have no relay. */
async function unrelayed(agents: readonly TestAgent[], id: string): Promise<number> {
  const parties = await Promise.all(agents.map((agent) => agent.get(id)));
  const sessions = parties.flatMap(({ relays }) => Object.values(relays));
  return sessions.filter((session) => session === null).length / 2;
}

async function gather(url: string, address: string, players: number) {
  const made = await creator(url, address, { maxPeers: players });
  if (!made) throw new Error('no party');
  const others = Array.from({ length: players - 1 }, (_, index) => new TestAgent(url, `P${index}`));
  await load(AT_ONCE, others, (agent) => agent.signIn());
  await load(AT_ONCE, others, (agent) =>
    agent.ask('POST', `${made.id}/join`, { peerName: agent.name }, from(address)),
  );
  return { id: made.id, agents: [made.agent, ...others] };
}
