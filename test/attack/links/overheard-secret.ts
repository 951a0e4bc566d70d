import { RELAY_NAMESPACE } from '#shared/api/relay-link';
import { RealRelay } from '../../e2e/support/real-relay';
import { requestChallenge } from '../../e2e/support/relay-sign-in';
import { RELAY_SECRET } from '../../e2e/support/settings';
import { freePort } from '../../fixtures/free-port';
import type { Attack } from '../attack';
import { isLetIn } from './knock';
import { startAttackedControl } from '../attacked-control';
import { Wiretap } from './wiretap';

/** Somebody on an http:// path hears a relay sign in, and comes with what it said when it is gone. */
export const overheardSecret: Attack = {
  name: 'relay secret overheard on the way',
  attacker: 'stranger',
  async play() {
    const port = await freePort();
    const control = await startAttackedControl({ LANRAGE_PUBLIC_URL: `http://127.0.0.1:${port}` });
    const tap = await Wiretap.open(new URL(control.url), port);
    try {
      const relay = await RealRelay.start(tap.url, 'overheard');
      await relay.die();
      const overheard = handshakeAmong(tap.messages);
      const { heard } = tap;
      const spellings = ['utf8', 'base64', 'hex'] as const;
      const spelled = spellings.map((encoding) => Buffer.from(RELAY_SECRET).toString(encoding));
      const { challengeId } = await requestChallenge(control.url);
      const comings = [overheard, { ...overheard, challengeId }, { ...overheard, secret: RELAY_SECRET }];
      const letIn: boolean[] = [];
      for (const handshake of comings) letIn.push(await isLetIn(control.url, handshake));
      const through = [...spelled.map((text) => heard.includes(text)), ...letIn];
      return { tried: through.length, through: through.filter(Boolean).length };
    } finally {
      tap.close();
      await control.stop();
    }
  },
};

function handshakeAmong(messages: readonly string[]): object {
  const prefix = `40${RELAY_NAMESPACE},`;
  const connect = messages.find((message) => message.startsWith(prefix));
  if (connect === undefined) throw new Error('the relay was not overheard');
  return JSON.parse(connect.slice(prefix.length)) as object;
}
