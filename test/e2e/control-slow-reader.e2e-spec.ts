import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { Metrics } from '../../apps/control/src/operations/metrics';
import { socketOptions } from '../../apps/control/src/sockets/socket-requests';
import { AddressBook } from '../../apps/control/src/sockets/address-book';
import { GuardedConnection, type Connection } from '../../apps/control/src/sockets/guarded-connection';
import { TurnedAway } from '../../apps/control/src/sockets/turned-away';
import { until } from './support/processes';

const rules = {
  name: '/agents',
  acknowledges: false,
  packets: { perSecond: 100, burst: 100 },
  bytes: { perSecond: 10_000, burst: 10_000 },
  unreadBytes: 1024 * 1024,
  sharesAddress: true,
};
const MOST_SENT = 64 * 1024 * 1024;

describe('somebody who does not read what the server sends', () => {
  it('is let go of, before it fills the memory; somebody who reads gets all', async () => {
    const http = createServer();
    const server = new Server(http, socketOptions);
    const turnedAway = new TurnedAway(new Metrics());
    const note = jest.spyOn(turnedAway, 'note').mockImplementation(() => undefined);
    const guards = { namespaces: new Map([[rules.name, rules]]), addresses: new AddressBook(0), turnedAway };
    const guarded = new WeakMap<Connection, GuardedConnection>();
    server.engine.on('connection', (connection: Connection) => {
      guarded.set(connection, new GuardedConnection(connection, 'a', guards));
    });
    server.of(rules.name).use(({ conn }, next) => {
      guarded.get(conn)?.signedIn(rules);
      next();
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}${rules.name}`;
    const connect = async () => {
      const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
      await once(socket as unknown as NodeJS.EventEmitter, 'connect', { signal: AbortSignal.timeout(5000) });
      return socket;
    };
    const [reader, sleeper] = [await connect(), await connect()];
    let read = 0;
    reader.on('news', (text: string) => (read += text.length));
    (sleeper.io.engine.transport as unknown as { ws: { pause(): void } }).ws.pause();

    const text = 'x'.repeat(64 * 1024);
    let sent = 0;
    for (; sent < MOST_SENT && server.of(rules.name).sockets.size === 2; sent += text.length) {
      server.of(rules.name).emit('news', text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(note.mock.calls.map(([reason]) => reason)).toEqual(['does not read']);
    expect(sent).toBeLessThan(MOST_SENT);
    await until('the other one to have read all', () => read === sent);
    reader.disconnect();
    sleeper.disconnect();
    await server.close();
  }, 30_000);
});
