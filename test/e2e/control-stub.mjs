// A control plane for tests of the relay, alone in a process so that it can live in a network namespace: it takes the
// relay's link and passes everything on over IPC, both ways.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const relays = new Server(http).of('/relays');

relays.on('connection', (relay) => {
  process.send({ connected: relay.handshake.auth });
  relay.onAny((name, report, acknowledge) => {
    acknowledge(name === 'pairs.announce' ? { close: [] } : undefined);
    process.send({ name, report });
  });
});

process.on('message', async ({ request, name, command }) => {
  const [answer] = await relays.timeout(5000).emitWithAck(name, command);
  process.send({ request, answer });
});
process.on('disconnect', () => process.exit());

http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => process.send({ port: http.address().port }));
