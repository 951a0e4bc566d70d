// Datagrams that carry the time at which they were sent, by the clock that all processes of a machine share.
//   node udp-stamps.mjs receive PORT          prints the delay of each in microseconds, a line each; ends with its input
//   node udp-stamps.mjs send PORT ADDRESS COUNT   one every 20 ms
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const [mode, port, address, count] = process.argv.slice(2);
const socket = createSocket('udp4');

if (mode === 'receive') {
  socket.on('message', (bytes) =>
    console.log(Number(process.hrtime.bigint() - bytes.readBigInt64LE()) / 1000),
  );
  socket.bind(Number(port), () => console.log('ready'));
  process.stdin.on('end', () => process.exit()).resume();
} else {
  await new Promise((resolve) => socket.bind(0, () => resolve()));
  socket.setBroadcast(true);
  for (let sent = 0; sent < Number(count); sent++) {
    const stamp = Buffer.alloc(64);
    stamp.writeBigInt64LE(process.hrtime.bigint());
    socket.send(stamp, Number(port), address);
    await sleep(20);
  }
  process.exit();
}
