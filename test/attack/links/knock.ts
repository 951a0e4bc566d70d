import { io, type Socket } from 'socket.io-client';
import { RELAY_NAMESPACE } from '#shared/api/relay-link';

const ANSWERED_WITHIN_MS = 10_000;

/** Whether a control plane lets somebody in who says this to connect as a relay. */
export function isLetIn(url: string, handshake: object): Promise<boolean> {
  return knock(url, handshake, (socket, answer) => {
    socket.on('connect', () => answer(true)).on('connect_error', () => answer(false));
  });
}

/** Connects as a relay with this handshake, until there is the answer that is listened for. */
export async function knock<Answer>(
  url: string,
  handshake: object,
  listen: (socket: Socket, answer: (answer: Answer) => void) => void,
): Promise<Answer> {
  const target = new URL(RELAY_NAMESPACE, url).href;
  const socket = io(target, {
    auth: handshake,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      listen(socket, resolve);
      setTimeout(() => reject(new Error('the control plane says nothing')), ANSWERED_WITHIN_MS).unref();
    });
  } finally {
    socket.disconnect();
  }
}
