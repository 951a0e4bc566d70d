// What stands in front of several nodes: `balancer.mjs OWN NODE…` hands each connection to the next node that takes it,
// and says by IPC on which port it listens. OWN is a port of all addresses, NODE one of 127.0.0.1, or both ADDRESS:PORT.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [own, ...nodes] = process.argv.slice(2);
let turn = 0;

const server = createServer((client) => {
  client.on('error', () => undefined);
  void hand(client);
});
const [ownPort, ownAddress] = own.split(':').reverse();
server.listen(Number(ownPort), ownAddress, () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());

async function hand(client) {
  const first = turn++;
  for (let attempt = 0; attempt < nodes.length; attempt++) {
    const [port, host = '127.0.0.1'] = nodes[(first + attempt) % nodes.length].split(':').reverse();
    const node = connect(Number(port), host);
    const isThere = await once(node, 'connect').then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    node.on('error', () => undefined).on('close', () => client.destroy());
    client.on('close', () => node.destroy());
    client.pipe(node).pipe(client);
    return;
  }
  client.destroy();
}
