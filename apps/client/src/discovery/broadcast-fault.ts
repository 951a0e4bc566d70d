import { createSocket } from 'node:dgram';

/** Discards what it gets (RFC 863), and is never carried. */
const DISCARD = 9;

/**
 * Why games of this machine cannot say anything to everybody, tried by a datagram without content.
 * @returns the code of the system's error, such as EPERM of a firewall; null when it was sent
 */
export async function broadcastFault(): Promise<string | null> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      const fail = ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown');
      socket.once('error', fail).bind(0, () => {
        socket.setBroadcast(true);
        socket.send('', DISCARD, '255.255.255.255', (error) => (error ? fail(error) : resolve(null)));
      });
    });
  } finally {
    socket.close();
  }
}
