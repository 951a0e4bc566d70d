// A control plane on a lab host that lies, for agents in processes of their own. It signs everybody in, and puts each agent
// that joins a party into one as its lies say: node hostile-server.mjs PORT LIES, with LIES as JSON
//   { ownAddress, members: [{ virtualIp, relay }], stunEndpoints }
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Server } from 'socket.io';
import proof from '../../../dist/libs/shared/src/auth/proof.js';
import identity from '../../../dist/libs/shared/src/party/identity.js';

const [port, lies] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
const newKey = () => proof.publicKeyOf(randomBytes(32));
const soon = () => new Date(Date.now() + 3_600_000).toISOString();
let asker = newKey();

function member(name, publicKey, virtualIp) {
  const at = { joinedAt: '2026-01-01T00:00:00.000Z', online: true, natType: 'unknown', endpoint: null };
  return { id: identity.peerIdOf(publicKey), name, publicKey, virtualIp, voucher: null, ...at };
}

function party(id) {
  const others = lies.members.map(({ virtualIp }, index) => member(`Mallory ${index}`, newKey(), virtualIp));
  const sessions = lies.members.map(({ relay }) => relay && { relayId: 'r', endpoint: relay });
  return {
    id,
    name: 'LAN',
    hostId: others[0].id,
    ownerId: others[0].id,
    settings: { locked: false, public: false, persistent: false, hasPassword: false, discordUrl: null },
    createdAt: '2026-01-01T00:00:00.000Z',
    maxPeers: 64,
    revision: 1,
    members: [...others, member('Bob', asker, lies.ownAddress)],
    relays: Object.fromEntries(others.map(({ id: peerId }, index) => [peerId, sessions[index]])),
  };
}

function answerTo(url, body) {
  switch (url) {
    case '/v1/auth/challenge':
      asker = body.publicKey;
      return {
        challengeId: 'c',
        serverPublicKey: newKey(),
        nonce: randomBytes(32).toString('base64'),
        expiresAt: soon(),
      };
    case '/v1/auth/token':
      return { token: 't', peerId: identity.peerIdOf(asker), expiresAt: soon() };
    case '/v1/server':
      return { version: '1', relays: [{ id: 'r', region: 'eu', stunEndpoints: lies.stunEndpoints }] };
    default:
      return url.endsWith('/join') ? party(url.split('/')[3]) : {};
  }
}

const http = createServer();
new Server(http).of('/agents').on('connection', (socket) => socket.emit('party.snapshot', { party: null }));
http.on('request', async (request, response) => {
  if (request.url.startsWith('/socket.io')) return;
  const sent = await text(request);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answerTo(request.url, sent ? JSON.parse(sent) : {})));
});
http.listen(port, '0.0.0.0', () => process.send('ready'));
