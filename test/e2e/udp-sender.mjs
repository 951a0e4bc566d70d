// Sends datagrams that come over IPC, base64, from one UDP socket in whatever network namespace this runs in.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
process.on('message', ({ datagram, port, address }) =>
  socket.send(Buffer.from(datagram, 'base64'), port, address),
);
process.on('disconnect', () => process.exit());
socket.bind(0, () => process.send({ port: socket.address().port }));
