import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../../bench/support/load';
import type { Relay } from '../../../apps/relay/src/relay';
import { TestAgent } from '../../e2e/support/control-agent';
import { RealRelay } from '../../e2e/support/real-relay';
import type { Attack } from '../attack';
import { startAttackedControl } from '../attacked-control';

/** So many at once that pairs are still being opened when their players leave. */
const AT_ONCE = 48;
const LEAST_PLAYERS = 24;
const OPENED_AFTER_MS = 5;
const RELAY_PORTS = 256;
/** Often enough to meet the moment in which a player is a member and the pairs are not open yet. */
const LEAVES_EVERY_MS = 10;
/** Longer than a relay takes to carry out what it was told. */
const SETTLED_AFTER_MS = 5000;

/** Everybody joins a large party and leaves it at once: what the relay still has open then, it has forever. */
export const leakedPairs: Attack = {
  name: 'pairs of a party that everybody left',
  attacker: 'member',
  async play({ effort }) {
    const control = await startAttackedControl();
    const relay = await RealRelay.start(control.url, 'attacked', RELAY_PORTS);
    openSlowly(relay.relay);
    const size = Math.max(LEAST_PLAYERS, Math.round(256 * effort));
    try {
      const host = await TestAgent.signIn(control.url, 'Host');
      const { id } = await host.create({ maxPeers: size });
      const others = Array.from({ length: size - 1 }, (_, index) => new TestAgent(control.url, `P${index}`));
      await load(AT_ONCE, others, (agent) => agent.signIn());
      await load(AT_ONCE, others, (agent) => passThrough(agent, id));
      await host.leave(id);
      await sleep(SETTLED_AFTER_MS);
      return { tried: (size * (size - 1)) / 2, through: relay.openPairs.length };
    } finally {
      await relay.die();
      await control.stop();
    }
  },
};

/** As a relay that is busy: players leave while their pairs are being opened. */
function openSlowly(relay: Relay): void {
  const open = relay.open.bind(relay);
  relay.open = async (...pair) => {
    await sleep(OPENED_AFTER_MS);
    return open(...pair);
  };
}

/** Joins, and leaves again and again until it has joined, and once more. */
async function passThrough(agent: TestAgent, partyId: string): Promise<void> {
  let hasJoined = false;
  const joined = agent.tryJoin(partyId).finally(() => (hasJoined = true));
  while (!hasJoined) {
    await sleep(LEAVES_EVERY_MS);
    await agent.leave(partyId);
  }
  await joined;
  await agent.leave(partyId);
}
