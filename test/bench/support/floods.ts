import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { AgentLink } from './agent-link';
import { signIn } from './agents';
import { everySo } from './load';

export interface FloodOrder {
  readonly url: string;
  readonly address: string;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface FloodResult {
  readonly sent: number;
  /** How often each answer came: the codes of refusals, `ok`, or what went wrong. */
  readonly answers: Record<string, number>;
}

export type FloodKind = 'requests' | 'events' | 'connections';

/** Sockets over which events flood: each sends more than it may, and less than what gets it disconnected. */
const EVENT_SOCKETS = 20;

/** As many as an address may have. */
const MOST_CONNECTIONS = 256;

/** What somebody can do from one address to keep a server busy. */
export const floods: Record<FloodKind, (order: FloodOrder) => Promise<FloodResult>> = {
  async requests({ url, address, perSecond, seconds }) {
    const pool = new Pool(url, { connections: MOST_CONNECTIONS, localAddress: address });
    const counted = count(perSecond, seconds, (turn) => floodRequest(pool, turn));
    await Promise.race([counted, sleep(seconds * 1000)]);
    // What is not answered by then never will be.
    await pool.destroy();
    return counted;
  },

  async events({ url, address, perSecond, seconds }) {
    const pool = new Pool(url, { connections: 4, localAddress: address });
    const links: AgentLink[] = [];
    for (let index = 0; index < EVENT_SOCKETS; index++) {
      const { token } = await signIn(pool, new URL(url).host);
      links.push(await AgentLink.open(url, token, address));
    }
    const result = await count(perSecond, seconds, async (turn) => {
      const answer = await Promise.race([
        links[turn % links.length]!.request('party.get', {}),
        sleep(2000, null, { ref: false }),
      ]);
      if (answer === null) return 'no answer';
      return answer.ok ? 'ok' : answer.error.code;
    });
    for (const link of links) link.close();
    await pool.destroy();
    return result;
  },

  connections: ({ url, address, perSecond, seconds }) =>
    count(perSecond, seconds, () => connectOnce(url, address)),
};

async function count(
  perSecond: number,
  seconds: number,
  send: (turn: number) => Promise<string>,
): Promise<FloodResult> {
  const answers: Record<string, number> = {};
  await everySo(perSecond, seconds, async (turn) => {
    const answer = await send(turn).catch((error: unknown) => String(error));
    answers[answer] = (answers[answer] ?? 0) + 1;
  });
  return { sent: perSecond * seconds, answers };
}

async function floodRequest(pool: Pool, turn: number): Promise<string> {
  const isPost = turn % 2 === 0;
  const { statusCode, body } = await pool.request({
    method: isPost ? 'POST' : 'GET',
    path: isPost ? '/v1/parties/000000000000/join' : '/v1/parties',
    headers: { 'content-type': 'application/json', authorization: 'Bearer nobody' },
    body: isPost ? JSON.stringify({ peerName: 'x'.repeat(1000) }) : null,
  });
  const answer = (await body.json()) as { error?: { code: string } };
  return answer.error?.code ?? `status ${statusCode}`;
}

/** Opens a socket and asks for nothing. */
function connectOnce(url: string, localAddress: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      localAddress,
      perMessageDeflate: false,
      handshakeTimeout: 5000,
    });
    const end = (answer: string) => {
      resolve(answer);
      socket.terminate();
    };
    socket.on('open', () => end('ok'));
    socket.on('unexpected-response', (_request, response) => end(`status ${response.statusCode}`));
    socket.on('error', (error) => end(error.message));
  });
}
