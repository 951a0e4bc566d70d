/** What somebody can do who has no token. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { RELAY_NAMESPACE } from '#shared/api/relay-link';
import type { Attack } from '../attack';
import { RawSocket } from './raw-socket';
import { address, against, times } from './server';

/** The server has answered everything by then. */
const ANSWER_MS = 500;
const badToken = `40${AGENT_NAMESPACE},{"token":"x.y.z"}`;

/** Answers of the server that took a CONNECT for one: let in, or looked at and refused. */
const answersTo = (raw: RawSocket) => raw.count('40') + raw.count('44');

export const defaultNamespace: Attack = {
  name: 'sockets without sign-in',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const connects = ['40', '40{"token":"x"}', '40/,', '40/admin,', '40/agents/,'];
    const tried = times(50, options);
    let through = 0;
    for (let index = 0; index < tried; index++) {
      const raw = await RawSocket.open(url, address(index));
      raw.send([connects[index % connects.length]!]);
      if (await raw.staysOpen(ANSWER_MS)) through += 1;
      else through += answersTo(raw);
      raw.close();
    }
    return { tried, through };
  }),
};

export const pipelinedConnects: Attack = {
  name: 'pipelined CONNECTs',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const count = times(5000, options);
    let through = 0;
    for (const [index, packet] of ['40', badToken, `40${RELAY_NAMESPACE},{}`].entries()) {
      const raw = await RawSocket.open(url, address(index));
      raw.send(Array.from({ length: count }, () => packet));
      await sleep(ANSWER_MS);
      // The first one may be looked at.
      through += Math.max(0, answersTo(raw) - 1);
      raw.close();
    }
    return { tried: 3 * count, through };
  }),
};

export const tokenGuesses: Attack = {
  name: 'tokens guessed on one connection',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const tried = times(100, options) + 1;
    const raw = await RawSocket.open(url, address(0));
    for (let guess = 0; guess < tried && raw.isOpen; guess++) {
      raw.send([badToken]);
      await sleep(20);
    }
    const through = Math.max(0, answersTo(raw) - 1);
    raw.close();
    return { tried, through, note: `${answersTo(raw)} of ${tried} looked at` };
  }),
};

export const largeBeforeSignIn: Attack = {
  name: 'large messages before sign-in',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const filling = 'x'.repeat(120_000);
    const messages = [
      `42${AGENT_NAMESPACE},["presence.update","${filling}"]`,
      `40${AGENT_NAMESPACE},{"token":"${filling}"}`,
      Buffer.alloc(120_000),
    ];
    const tried = times(30, options);
    let through = 0;
    for (let index = 0; index < tried; index++) {
      const raw = await RawSocket.open(url, address(index));
      raw.send([messages[index % messages.length]!]);
      if ((await raw.staysOpen(ANSWER_MS)) || answersTo(raw) > 0) through += 1;
      raw.close();
    }
    return { tried, through };
  }),
};
