import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { TestRelay, type TestRelayOptions } from '../../e2e/support/control-relay';
import type { Attack } from '../attack';
import { startAttackedControl } from '../attacked-control';

const OWN_SECRET = 'the own secret of one relay';
const TRIES = 20;
const ROUNDS = 10;
const NEWCOMERS = 4;

/** Somebody with the shared secret comes under the name of a relay that lives, or that has a secret of its own. */
export const takenName: Attack = {
  name: 'name of a relay taken over',
  attacker: 'relay',
  async play({ effort }) {
    const control = await startAttackedControl({ LANRAGE_RELAY_SECRETS: `own=${OWN_SECRET}` });
    const living = new TestRelay(control.url, { relayId: 'living' });
    const tries = Math.ceil(TRIES * effort);
    let through = 0;
    try {
      await living.connect();
      for (let turn = 0; turn < tries; turn++) {
        const comings = ['living', 'own'].map((relayId) => comesIn(control.url, { relayId }));
        for (const { isIn, relay } of await Promise.all(comings)) {
          through += isIn ? 1 : 0;
          relay.close();
        }
      }
      if (!living.socket.connected) through++;
    } finally {
      living.close();
      await control.stop();
    }
    return { tried: 2 * tries, through };
  },
};

/** Several come at the same time for the name of a relay that has fallen silent: one of them may have it. */
export const rivalNewcomers: Attack = {
  name: 'one name for several newcomers at a time',
  attacker: 'relay',
  async play({ effort }) {
    const control = await startAttackedControl();
    const rounds = Math.ceil(ROUNDS * effort);
    let through = 0;
    try {
      for (let round = 0; round < rounds; round++) {
        const relayId = `silent-${round}`;
        const silent = new TestRelay(control.url, { relayId });
        await silent.connect();
        silent.socket.off('pairs.close');
        const comings = Array.from({ length: NEWCOMERS }, () => comesIn(control.url, { relayId }));
        const came = await Promise.all(comings);
        through += Math.max(0, came.filter(({ isIn }) => isIn).length - 1);
        for (const relay of [silent, ...came.map((one) => one.relay)]) relay.close();
      }
    } finally {
      await control.stop();
    }
    return { tried: rounds * (NEWCOMERS - 1), through };
  },
};

async function comesIn(url: string, options: TestRelayOptions) {
  const relay = new TestRelay(url, { publicAddress: '203.0.113.66', ...options });
  const emitter = relay.socket as unknown as EventEmitter;
  relay.socket.connect();
  const isIn = await Promise.race([
    once(emitter, 'connect').then(() => true),
    once(emitter, 'connect_error').then(() => false),
  ]);
  if (!isIn) relay.close();
  return { relay, isIn };
}
