/** What is wrong with a server, its certificate or the way to it is told by its own name, and not as one of the others. */
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { generate } from 'selfsigned';
import { z } from 'zod';
import { ControlHttp } from '../../apps/client/src/control/http';
import { ServerAddresses } from '../../apps/client/src/control/server-addresses';
import { Signaling } from '../../apps/client/src/control/signaling';
import type { LanrageError } from '#shared/errors';
import { freePort } from '../fixtures/free-port';

const DAY_MS = 86_400_000;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface Certificate {
  readonly name?: string;
  readonly fromDays?: number;
  readonly toDays?: number;
}

async function tlsServer({ name = 'localhost', fromDays = -2, toDays = 2 }: Certificate): Promise<number> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + fromDays * DAY_MS),
    notAfterDate: new Date(Date.now() + toDays * DAY_MS),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  return listen(createHttps({ key, cert }));
}

const answering = (answer: RequestListener) => listen(createHttp(answer));
const page: RequestListener = (_request, response) =>
  response.setHeader('content-type', 'text/html').end('<h1>Welcome to the hotel</h1>');

async function causeAt(url: string): Promise<string> {
  const http = new ControlHttp(new URL(url));
  const signal = AbortSignal.timeout(10_000);
  const request = {
    method: 'GET',
    path: '/v1/parties',
    answer: z.object({ items: z.array(z.string()) }),
    signal,
  } as const;
  try {
    await http.request(request);
    throw new Error('there was an answer');
  } catch (error) {
    expect((error as LanrageError).code).toBe('CONTROL_UNAVAILABLE');
    return (error as LanrageError).message;
  } finally {
    await http.close();
  }
}

describe('a server that cannot be used', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['has no program that listens', async () => `http://127.0.0.1:${await freePort()}`, 'nothing listens'],
    [
      'has a certificate of its own',
      async () => `https://localhost:${await tlsServer({})}`,
      'not from an authority',
    ],
    [
      'has a certificate that has expired',
      async () => `https://localhost:${await tlsServer({ fromDays: -9, toDays: -2 })}`,
      'has expired',
    ],
    [
      'speaks TLS, and is called without',
      async () => `http://localhost:${await tlsServer({})}`,
      'write https://',
    ],
    [
      'speaks no TLS, and is called with it',
      async () => `https://127.0.0.1:${await answering(page)}`,
      'does not speak TLS',
    ],
    [
      'is hidden by a sign-in page',
      async () => `http://127.0.0.1:${await answering(page)}`,
      'A web page answers',
    ],
    [
      'is hidden by a redirection',
      async () =>
        `http://127.0.0.1:${await answering((_request, response) => response.writeHead(302, { location: '/' }).end())}`,
      'redirects to another address',
    ],
    [
      'is away, behind a proxy that is not',
      async () =>
        `http://127.0.0.1:${await answering((_request, response) => response.writeHead(502).end())}`,
      'A proxy answers',
    ],
    [
      'ends every connection',
      async () => `https://127.0.0.1:${await listen(createTcp((socket) => socket.destroy()))}`,
      'ends connections without an answer',
    ],
  ])('%s', async (_name, start, words) => {
    expect(await causeAt(await start())).toContain(words);
  });

  it('is explained by the live connection, too', async () => {
    const server = new URL(`https://localhost:${await tlsServer({})}`);
    const tokens = { token: () => Promise.resolve('any'), reject: () => undefined };
    const signaling = new Signaling(server, tokens, new ServerAddresses());
    const fault = once(signaling, 'fault') as Promise<[LanrageError]>;
    signaling.open();
    const [{ message }] = await fault;
    signaling.close();
    expect(message).toContain('not from an authority');
  });
});
