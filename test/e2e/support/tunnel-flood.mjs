// Floods the tunnel service of one address from others of the same machine, 10.66.0.2 from 10.66.0.3, and tells as JSON what
// came of it: node tunnel-flood.mjs COUNT
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import messages from '../../../dist/apps/client/src/network/tunnel-message.js';
import services from '../../../dist/apps/client/src/network/tunnel-service.js';

const count = Number(process.argv[2]);
const service = await services.TunnelService.open('10.66.0.2', '10.66.0.0/16');
const heard = { goodbye: 0, sent: 0, reply: 0 };
service.on('goodbye', () => (heard.goodbye += 1));
service.on('peerSent', () => (heard.sent += 1));
const socket = createSocket('udp4');
socket.on('message', () => (heard.reply += 1));
socket.bind(messages.TUNNEL_PORT, '10.66.0.3');
await once(socket, 'listening');

const kinds = [
  () => messages.encodePlain('echo_request', randomBytes(8)),
  () => messages.encodePlain('sent', randomBytes(8)),
  () => messages.encodeGoodbye(randomBytes(32), randomBytes(8), randomBytes(16)),
];
for (let sent = 0; sent < count; sent += 1) {
  const datagram = kinds[sent % kinds.length]();
  await new Promise((resolve) => socket.send(datagram, messages.TUNNEL_PORT, '10.66.0.2', resolve));
  // So that the flood meets the service, and not the end of the kernel's buffer.
  if (sent % 50 === 0) await delay(1);
}
await delay(200);
console.log(JSON.stringify(heard));
process.exit();
