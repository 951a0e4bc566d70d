// Answers every search for a UPnP gateway as if this host were one; says on stdout when it was searched, and when asked.
// node false-gateway.mjs OWN_ADDRESS
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const [address] = process.argv.slice(2);
const server = createServer((request, response) => {
  console.log('asked', request.url);
  response.end();
});
const socket = createSocket('udp4');
socket.on('message', (_search, source) => {
  console.log('searched');
  const location = `http://${address}:${server.address().port}/description.xml`;
  const answer = `HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: ${location}\r\n\r\n`;
  socket.send(answer, source.port, source.address);
});
server.listen(0, address, () => {
  socket.bind(1900, () => {
    socket.addMembership('239.255.255.250', address);
    console.log('ready');
  });
});
