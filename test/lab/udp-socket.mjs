// The process behind udp-endpoint.ts: one UDP socket, told over IPC what to send, telling what arrives.
import { createSocket } from 'node:dgram';

const [address, port] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');

/** What happens while the other side lets go is of no interest. */
const tell = (message) => process.connected && process.send(message);

socket.on('message', (bytes, { address, port, family }) => {
  const host = family === 'IPv6' ? `[${address}]` : address;
  tell({ text: bytes.toString(), from: `${host}:${port}` });
});
process.on('message', ({ number, text, address, port }) => {
  socket.send(text, port, address, (error) => tell({ settled: number, error: error?.code }));
});
process.on('disconnect', () => socket.close());
socket.bind(Number(port), address, () => {
  if (!address.includes(':')) socket.setBroadcast(true);
  tell({ port: socket.address().port });
});
