// Listens, or looks for who listens: `listen` and `probe`, then places such as tcp/10.66.0.1/22.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const PATIENCE_MS = 1500;
const [, , verb, ...places] = process.argv;

function listenAt(place) {
  const [protocol, address, port] = place.split('/');
  return new Promise((resolve, reject) => {
    if (protocol === 'tcp') {
      createServer((socket) => socket.end('here'))
        .on('error', reject)
        .listen(Number(port), address, resolve);
      return;
    }
    const socket = createSocket('udp4');
    socket.on('message', (_, { port: from, address: source }) => socket.send('here', from, source));
    socket.on('error', reject).bind(Number(port), address, resolve);
  });
}

function isReached(place) {
  const [protocol, address, port] = place.split('/');
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS, false);
    if (protocol === 'tcp') {
      connect(Number(port), address)
        .on('data', () => resolve(true))
        .on('error', () => resolve(false));
      return;
    }
    const socket = createSocket('udp4').on('message', () => resolve(true));
    socket.on('error', () => resolve(false)).send('anybody?', Number(port), address);
  });
}

if (verb === 'listen') {
  await Promise.all(places.map(listenAt));
  console.log('ready');
} else {
  const reached = await Promise.all(places.map(isReached));
  console.log(JSON.stringify(places.filter((_, index) => reached[index])));
  process.exit();
}
