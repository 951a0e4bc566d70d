import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { limitKey, plainAddress } from '../util/client-address';
import type { AddressBook } from './address-book';
import type { TurnedAway } from './turned-away';

const SOCKET_PATH = '/socket.io/';

/** Closes TCP connections beyond what their address may have, before they have sent anything. */
export function limitConnections(server: Server, addresses: AddressBook, turnedAway: TurnedAway): void {
  server.on('connection', (socket: Socket) => {
    const address = limitKey(plainAddress(socket.remoteAddress ?? ''));
    if (!addresses.enter(address, performance.now())) {
      turnedAway.note('too many connections of the address', address);
      socket.destroy();
      return;
    }
    socket.once('close', () => addresses.leave(address, performance.now()));
  });
}

/** Refuses WebSockets at other paths at once: engine.io closes them after a while, and only their one half. */
export function refuseOtherUpgrades(server: Server, turnedAway: TurnedAway): void {
  server.prependListener('upgrade', ({ url, socket }: IncomingMessage, connection: Duplex) => {
    if (url?.startsWith(SOCKET_PATH)) return;
    turnedAway.note('wrong path', limitKey(plainAddress(socket.remoteAddress ?? '')));
    connection.on('error', () => undefined);
    connection.write(`HTTP/1.1 404 ${STATUS_CODES[404]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    connection.destroy();
  });
}
