// What a game sends: numbered datagrams at a fixed rate, on request over IPC. Notes when which number arrived.
import { createSocket } from 'node:dgram';

const PORT = 27_015;
let socket;
let timer;
let received = [];
let sent = 0;

process.on('message', ({ start, stop }) => {
  if (start) begin(start);
  if (stop) end();
});
process.on('disconnect', () => process.exit());

function begin({ ownAddress, peerAddress, intervalMs }) {
  received = [];
  sent = 0;
  socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.on('message', (datagram) => received.push([datagram.readUInt32BE(0), Date.now()]));
  socket.bind(PORT, ownAddress, () => {
    const startedAtMs = performance.now();
    // Made up for when the timer is late, as a game's server does.
    timer = setInterval(
      () => {
        const due = Math.floor((performance.now() - startedAtMs) / intervalMs);
        while (sent < due) send(peerAddress);
      },
      Math.min(intervalMs, 5),
    );
    process.send({ started: true });
  });
}

function send(peerAddress) {
  const datagram = Buffer.alloc(64);
  datagram.writeUInt32BE(sent++);
  socket.send(datagram, PORT, peerAddress, () => undefined);
}

function end() {
  clearInterval(timer);
  socket?.close();
  socket = undefined;
  process.send({ received, sent });
}
