/** Connections that are there for their own sake. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import type { Attack } from '../attack';
import { RawSocket } from './raw-socket';
import { address, against, tcpConnection, times } from './server';

/** LANRAGE_LIMIT_CONNECTIONS, unless it is set. */
const CONNECTIONS_OF_ADDRESS = 1024;
/** "Closed within seconds": before the sign-in, and before the headers have come. */
const SIGN_IN_MS = 6_000;
const HEADERS_MS = 14_000;

export const silentSockets: Attack = {
  name: 'sockets that never sign in',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const tried = times(80, options);
    const sockets: RawSocket[] = [];
    for (let index = 0; index < tried; index++) {
      const raw = await RawSocket.open(url, address(0));
      // Every other one has been refused, and stays all the same.
      if (index % 2 === 1) raw.send([`40${AGENT_NAMESPACE},{"token":"x.y.z"}`]);
      sockets.push(raw);
    }
    await sleep(SIGN_IN_MS);
    const through = sockets.filter(({ isOpen }) => isOpen).length;
    for (const raw of sockets) raw.close();
    return { tried, through, note: `open after ${SIGN_IN_MS / 1000} s` };
  }),
};

export const silentConnections: Attack = {
  name: 'TCP connections that ask for nothing',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const said = [
      '',
      'GET /health HTTP/1.1\r\nHost: x\r\n',
      'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ];
    const tried = times(200, options);
    const sockets: Socket[] = [];
    for (let index = 0; index < tried; index++) {
      const socket = await tcpConnection(url, address(index));
      socket.resume();
      if (said[index % said.length]) socket.write(said[index % said.length]!);
      // Keeps its half open when the server has closed its own.
      socket.allowHalfOpen = true;
      sockets.push(socket);
    }
    await sleep(HEADERS_MS);
    // The first write to a connection that the server has closed brings a reset, the second one shows it.
    for (let write = 0; write < 2; write++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write('\r\n');
      await sleep(300);
    }
    const through = sockets.filter((socket) => !socket.destroyed).length;
    for (const socket of sockets) socket.destroy();
    return { tried, through, note: `open after ${HEADERS_MS / 1000} s` };
  }),
};

export const manyConnections: Attack = {
  name: 'connections of one address',
  attacker: 'stranger',
  play: against(async (url, options) => {
    const beyond = times(1000, options);
    const sockets: Socket[] = [];
    for (let index = 0; index < CONNECTIONS_OF_ADDRESS + beyond; index++)
      sockets.push((await tcpConnection(url, address(0))).resume());
    await sleep(500);
    const open = sockets.filter((socket) => !socket.destroyed).length;
    const others = new Pool(url, { connections: 1, localAddress: address(1) });
    const { statusCode } = await others.request({ method: 'GET', path: '/health' });
    await others.destroy();
    for (const socket of sockets) socket.destroy();
    if (statusCode !== 200) throw new Error(`others got ${statusCode}`);
    return { tried: beyond, through: Math.max(0, open - CONNECTIONS_OF_ADDRESS), note: `${open} open` };
  }),
};
