import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StunServer } from '../../../apps/relay/src/stun/server';
import { TestAgent } from '../../e2e/support/control-agent';
import { TestRelay } from '../../e2e/support/control-relay';
import type { Attack } from '../attack';
import { startAttackedControl } from '../attacked-control';

/** Another machine, which answers STUN as everybody's servers do. */
const victim = '127.0.0.3';
const GUESSES = 200;
const SETTLED_AFTER_MS = 3000;
/** How many requests, of 20 bytes each, the victim may get; more would make the control plane a nuisance to others. */
const MOST_REQUESTS = 6;

/** Somebody with the shared secret announces the address of another machine, to have players' packets sent there. */
export const foreignAddress: Attack = {
  name: 'relay at the address of another machine',
  attacker: 'relay',
  async play({ effort }) {
    const control = await startAttackedControl({ LANRAGE_TRUST_PROXY: '1' });
    const stun = await StunServer.open(
      { addresses: [{ bind: victim, public: victim }], port: 0, alternatePort: 0 },
      () => undefined,
    );
    const relay = new TestRelay(control.url, {
      headers: { 'x-forwarded-for': '127.0.0.2' },
      publicAddress: victim,
      stunEndpoints: stun.endpoints,
    });
    const guesses = Math.ceil(GUESSES * effort);
    const guess = (prefix: string) => {
      for (let count = 0; count < guesses; count++) {
        const transactionId = `${prefix}${randomBytes(8).toString('hex')}`;
        relay.socket.emit('address.seen', { transactionId }, () => undefined);
      }
    };
    relay.socket.on('address.prove', ({ prefix }: { prefix: string }) => guess(prefix));
    try {
      await relay.connect();
      await sleep(SETTLED_AFTER_MS);
      const [alice, bob] = [await TestAgent.signIn(control.url), await TestAgent.signIn(control.url)];
      const sentThere = Object.values((await bob.join((await alice.create()).id)).relays);
      const named: unknown = await (await fetch(new URL('/v1/server', control.url))).json();
      const came = [
        sentThere.some((session) => session !== null),
        relay.open.size > 0,
        JSON.stringify(named).includes(victim),
        stun.stats.answers > MOST_REQUESTS,
      ];
      const note = `${stun.stats.answers} requests of 20 bytes came there`;
      return { tried: guesses + came.length, through: came.filter(Boolean).length, note };
    } finally {
      relay.close();
      await stun.close();
      await control.stop();
    }
  },
};
