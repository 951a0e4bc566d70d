// What stands in front of several nodes: `balancer.mjs <port> <node's port>…` hands each connection to the next node that
// takes it, and says by IPC on which port it listens.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [own, ...nodes] = process.argv.slice(2).map(Number);
let turn = 0;

const server = createServer((client) => {
  client.on('error', () => undefined);
  void hand(client);
});
server.listen(own, () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());

async function hand(client) {
  const first = turn++;
  for (let attempt = 0; attempt < nodes.length; attempt++) {
    const node = connect(nodes[(first + attempt) % nodes.length], '127.0.0.1');
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
