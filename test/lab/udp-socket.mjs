// The process behind udp-endpoint.ts: one UDP socket, told over IPC what to send, telling what arrives.
import { createSocket } from 'node:dgram';

const [address, port] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');

socket.on('message', (bytes, { address, port, family }) => {
  const host = family === 'IPv6' ? `[${address}]` : address;
  process.send({ text: bytes.toString(), from: `${host}:${port}` });
});
process.on('message', ({ number, text, address, port }) => {
  socket.send(text, port, address, (error) => process.send({ settled: number, error: error?.code }));
});
process.on('disconnect', () => socket.close());
socket.bind(Number(port), address, () => process.send({ port: socket.address().port }));
