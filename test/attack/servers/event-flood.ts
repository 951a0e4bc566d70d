import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { alice, carol, HostileParty, honestRelay } from '../../e2e/support/hostile-party';
import type { Attack } from '../attack';

const MOST_GROWTH_BYTES = 100 * 1024 * 1024;
/** The longest stall in processor time: how long other programs keep the agent waiting does not count. */
const LONGEST_STALL_MS = 1_000;
const FLOOD = 50_000;
const BLOCK = 500;

type Say = (hostile: HostileParty, count: number) => void;

/** What a server can say without end, to an agent that is in a party. */
const floods: Readonly<Record<string, Say>> = {
  presence: (hostile, count) =>
    hostile.say('member.presence', { ...alice, peerId: alice.id, online: count % 2 === 0, direct: true }),
  'missing revisions': (hostile, count) =>
    hostile.say('member.joined', { revision: 10 + count, relay: null, member: carol }),
  nonsense: (hostile) => hostile.say('member.joined', { member: 'nobody' }),
  relays: (hostile, count) => {
    const endpoint = `192.0.2.${count % 250}:${1_024 + (count % 60_000)}`;
    hostile.say('relays.changed', { relays: { [alice.id]: { ...honestRelay, endpoint } } });
  },
  attempts: (hostile, count) => {
    const candidates = [{ kind: 'host', endpoint: `192.0.2.${count % 250}:40000` }];
    hostile.say('path.attempt', { peerId: alice.id, attempt: count + 1, first: true, candidates });
  },
};

/** More than this an agent in one party does not send to places that a server names, whatever it is told. */
const MOST_ORDERS = 3_000;

/** A server never stops talking: the agent must stay responsive and small, and flood nobody else. */
export const eventFlood: Attack = {
  name: 'flood of events',
  attacker: 'server',
  async play({ effort }) {
    const events = Math.ceil(FLOOD * effort);
    const notes: string[] = [];
    for (const [name, say] of Object.entries(floods)) {
      const harm = await harmOf(say, events);
      if (harm) notes.push(`${name}: ${harm}`);
    }
    const { length: tried } = Object.keys(floods);
    return { tried, through: notes.length, note: notes.join('; ') };
  },
};

/** What the agent suffers; null for nothing. Server and agent share the process, so that both count. */
async function harmOf(say: Say, events: number): Promise<string | null> {
  const hostile = await HostileParty.start();
  try {
    await hostile.join(hostile.snapshot([alice]));
    await hostile.heard();
    const before = keptBytes();
    let stalledMs = 0;
    for (let said = 0; said < events && hostile.manager.control.connected; said += BLOCK) {
      for (let index = 0; index < BLOCK; index++) say(hostile, said + index);
      const before = process.cpuUsage();
      await turn();
      const { user, system } = process.cpuUsage(before);
      stalledMs = Math.max(stalledMs, (user + system) / 1000);
    }
    await hostile.manager.connections.checkRelays([]);
    const grown = keptBytes() - before;
    if (stalledMs > LONGEST_STALL_MS) return `stood still for ${Math.round(stalledMs)} ms`;
    if (grown > MOST_GROWTH_BYTES) return `grew by ${Math.round(grown / 1e6)} MB`;
    if (hostile.network.endpoints.length > MOST_ORDERS)
      return `sent ${hostile.network.endpoints.length} times`;
    // What is more than any party gives rise to ends the connection.
    if (events > 20_000 && hostile.manager.control.connected) return 'listened on';
    return null;
  } finally {
    await hostile.close();
  }
}

/** Memory of this process without what nobody refers to: how much of that lies about is the collector's choice. */
function keptBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
