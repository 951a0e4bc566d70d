// The compiled relay without its link to a control plane: opens pairs that it is told of over IPC.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Relay } = require('../../../dist/apps/relay/src/relay.js');
const { openFastPath } = require('../../../dist/apps/relay/src/fastpath/open.js');
const { defaultLimits } = require('../../../dist/apps/relay/src/core/limits.js');
const { pino } = require('pino');

const unlimited = { perSecond: 1e9, burst: 1e9 };
const [bindAddress, first, last, path] = process.argv.slice(2);
const ports = { first: Number(first), last: Number(last) };
const limits = { ...defaultLimits, pairPackets: unlimited, pairBytes: unlimited };
const log = pino({ level: 'warn' });
const fastPath =
  path === 'fast' ? await openFastPath({ bindAddress, publicAddress: bindAddress, ports }, log) : undefined;
const relay = new Relay({ bindAddress, ports, limits, fastPath }, log);

async function stop() {
  await relay.stop();
  await fastPath?.stop();
  process.exit();
}

process.on('SIGTERM', () => void stop());
process.on('message', async (pairs) => {
  const ports = [];
  for (const { pairId, players } of pairs) ports.push((await relay.open({ pairId, players }, null)).port);
  process.send({ ports });
});
process.on('disconnect', () => void stop());
process.send({ ready: true });
