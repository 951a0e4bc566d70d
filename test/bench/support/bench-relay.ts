import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { RELAY_NAMESPACE, type AnnouncedRelay, type OpenPairsCommand } from '#shared/api/relay-link';
import { prepareHandshake } from '../../e2e/support/relay-sign-in';

export const BENCH_RELAY = { id: 'bench', secret: 'the relay of a benchmark' } as const;

/** Says that it opens whatever pairs it is told to, so that parties are as they are on a server with relays. */
export async function connectRelay(url: string): Promise<Socket> {
  const announced: AnnouncedRelay = {
    ...{ relayId: BENCH_RELAY.id, region: 'local', publicAddress: '192.0.2.1', stunEndpoints: [] },
    ...{ ports: { first: 50_000, last: 65_535 }, capacityPairs: 1_000_000, draining: false },
  };
  const auth = (send: (handshake: object) => void) =>
    void prepareHandshake(url, announced, BENCH_RELAY).then(({ handshake }) => send(handshake));
  const socket = io(new URL(RELAY_NAMESPACE, url).href, { auth, transports: ['websocket'] });
  socket.on('pairs.open', ({ pairs }: OpenPairsCommand, answer: (answer: object) => void) => {
    answer({ results: pairs.map(({ pairId }, index) => ({ pairId, port: 50_000 + index })) });
  });
  socket.on('pairs.close', (_command: unknown, answer: () => void) => answer());
  await once(socket as unknown as EventEmitter, 'connect');
  await socket.emitWithAck('pairs.announce', { pairs: [], final: true });
  return socket;
}
