// The process behind lan-games.ts: UDP sockets as games open them, told over IPC what to do, telling what arrives.
import { createSocket } from 'node:dgram';

const sockets = new Map();
/** What happens while the other side lets go is of no interest. */
const tell = (message) => process.connected && process.send(message);

const bytesOf = (text) => Buffer.from(text, 'latin1');

const operations = {
  open: ({ socket: number, address, port, shared, join, via, answers }) =>
    new Promise((resolve, reject) => {
      const socket = createSocket({ type: 'udp4', reuseAddr: shared });
      sockets.set(number, socket);
      socket.once('error', reject).bind(port, address, () => {
        socket.off('error', reject).setBroadcast(true);
        if (join) socket.addMembership(join);
        if (via) socket.setMulticastInterface(via);
        resolve(socket.address().port);
      });
      socket.on('message', (bytes, from) => {
        const text = bytes.toString('latin1');
        tell({ socket: number, text, from: `${from.address}:${from.port}` });
        if (answers && !text.startsWith('answer'))
          socket.send(bytesOf(`answer ${text}`), from.port, from.address);
      });
    }),
  send: async ({ socket: number, text, to, port, times }) => {
    const socket = sockets.get(number);
    const send = () =>
      new Promise((resolve) => socket.send(bytesOf(text), port, to, (error) => resolve(error?.code ?? null)));
    let error = null;
    for (let sent = 0; sent < times; sent++) error = await send();
    return error;
  },
  close: ({ socket: number }) =>
    new Promise((resolve) => {
      sockets.get(number)?.close(resolve);
      sockets.delete(number);
    }),
  /** Everything that had arrived before is told before the answer. */
  settle: async () => {
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  },
};

process.on('message', async ({ id, operation, ...request }) => {
  try {
    tell({ id, result: (await operations[operation](request)) ?? null });
  } catch (error) {
    tell({ id, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
tell({ id: 0, result: null });
