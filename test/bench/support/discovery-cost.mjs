// Discovery alone, with players who are not there, in a network namespace that has a home network and a tunnel without a peer:
//   node discovery-cost.mjs TUNNEL OWN_IP PLAYERS; prints how much processor it takes, in milliseconds a second.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import discovery from '../../../dist/apps/client/src/discovery/lan-discovery.js';

const [tunnel, ownIp, players] = process.argv.slice(2);
const SECONDS = 10;
const PER_SECOND = 100;

const others = Array.from({ length: Number(players) }, (_, index) => ({
  virtualIp: `10.66.1.${index + 1}`,
  directEndpoint: null,
}));
const lan = new discovery.LanDiscovery(
  tunnel,
  () => others,
  () => undefined,
);
await lan.begin(ownIp, 'all');

async function cost(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / SECONDS;
}

const game = createSocket('udp4');
await new Promise((resolve) => game.bind(0, () => resolve()));
game.setBroadcast(true);
async function play(port) {
  const startedAt = performance.now();
  for (let sent = 0; sent < SECONDS * PER_SECOND; sent++) {
    await sleep(startedAt + (sent * 1000) / PER_SECOND - performance.now());
    game.send(`getinfo ${sent}`, port, '255.255.255.255');
  }
}

await play(27_960);
const rest = await cost(() => sleep(SECONDS * 1000));
// Sending alone, to a port that is denied, so that the difference is discovery's.
const sending = await cost(() => play(27_036));
const carrying = await cost(() => play(27_960));
const { flows } = lan.info();
console.log(JSON.stringify({ rest, carrying: carrying - sending, copies: flows[0]?.copies ?? 0 }));
process.exit();
