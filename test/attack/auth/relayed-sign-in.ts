import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { challengeSchema } from '#shared/api/rest';
import { TestAgent } from '../../e2e/support/control-agent';
import { freePort } from '../../fixtures/free-port';
import type { Attack, AttackOptions, AttackOutcome } from '../attack';
import { address, against, times } from '../sockets/server';

const ROUNDS = 20;

/**
 * A hostile server passes on the challenge of an honest one, and the victim's answer, which names the hostile server, with
 * that name in the Host header. With a token it would be the victim.
 */
export const relayedSignIn: Attack = {
  name: 'relayed sign-in',
  attacker: 'server',
  play: against(async (url: string, options: AttackOptions): Promise<AttackOutcome> => {
    const names = await hostileNames(new URL(url).port);
    const rounds = times(ROUNDS, options);
    let through = 0;
    for (let round = 0; round < rounds; round++) {
      for (const name of names) through += (await relaysAs(name, url, address(round))) ? 1 : 0;
    }
    return { tried: rounds * names.length, through, note: `under ${names.length} names of a hostile server` };
  }),
};

/** What a victim may have dialled: another name, another address, another port of the same machine, its own machine. */
async function hostileNames(honestPort: string): Promise<string[]> {
  const otherPort = await freePort();
  const others = [
    'hostile.example',
    '203.0.113.7',
    '192.168.77.1',
    'den.local',
    '[2001:db8::7]',
    '127.0.0.2',
  ];
  return [
    ...others.flatMap((host) => [host, `${host}:${honestPort}`]),
    `127.0.0.1:${otherPort}`,
    `localhost:${otherPort}`,
  ];
}

/** @returns whether the honest server gives the hostile one, which is at a local address, a token of the victim's */
async function relaysAs(name: string, honestUrl: string, localAddress: string): Promise<boolean> {
  const victim = new TestAgent(honestUrl);
  const post = (path: string, body: object) => postAs(name, localAddress, new URL(path, honestUrl), body);
  const challenge = await post('/v1/auth/challenge', { publicKey: victim.publicKey });
  const answer = victim.answer(challengeSchema.parse(await json(challenge)), name);
  const { statusCode } = (await post('/v1/auth/token', answer)).resume();
  return statusCode === 200;
}

/** `fetch` lets nobody choose the Host header. */
async function postAs(host: string, localAddress: string, url: URL, body: object): Promise<IncomingMessage> {
  const headers = { Host: host, 'Content-Type': 'application/json' };
  const sent = request(url, { method: 'POST', headers, localAddress });
  sent.end(JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}
