// The STUN server behind port-mapper.ts: tells everybody their address, from wherever they want to hear it.
// node stun-server.mjs PORT
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (request, { address, port }) => {
  // RFC 8489: a binding response with MAPPED-ADDRESS.
  const answer = Buffer.alloc(32);
  answer.writeUInt16BE(0x0101, 0);
  answer.writeUInt16BE(12, 2);
  request.copy(answer, 4, 4, 20);
  answer.writeUInt16BE(0x0001, 20);
  answer.writeUInt16BE(8, 22);
  answer.writeUInt16BE(1, 24);
  answer.writeUInt16BE(port, 26);
  answer.set(address.split('.').map(Number), 28);
  socket.send(answer, port, address);
});
socket.bind(Number(process.argv[2]), () => process.send('ready'));
