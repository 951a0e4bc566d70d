// A control plane for tests of the relay, alone in a process so that it can live in a network namespace: it takes the
// relay's link and passes everything on over IPC, both ways.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { relayHandshakeSchema } from '../../dist/libs/shared/src/api/relay-link.js';
import { relayProofs } from '../../dist/libs/shared/src/auth/relay-proof.js';

/** That of the relays in these tests. */
const secret = 'the-secret-of-this-test';
const controlNonce = Buffer.alloc(32, 1);
const challenge = {
  challengeId: 'c1',
  nonce: controlNonce.toString('base64'),
  expiresAt: new Date().toISOString(),
};

const http = createServer((request, response) => {
  if (request.url === '/v1/relays/challenge') response.end(JSON.stringify(challenge));
});
const relays = new Server(http).of('/relays');

relays.on('connection', (relay) => {
  const { nonce: relayNonce, ...handshake } = relayHandshakeSchema.parse(relay.handshake.auth);
  const { control } = relayProofs(secret, { ...handshake, controlNonce, relayNonce });
  relay.emit('control.proof', { proof: control.toString('base64') });
  process.send({ connected: handshake.relay });
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
