// The compiled relay without its link to a control plane: opens pairs that it is told of over IPC.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Relay } = require('../../../dist/apps/relay/src/relay.js');
const { defaultLimits } = require('../../../dist/apps/relay/src/core/limits.js');
const { pino } = require('pino');

const unlimited = { perSecond: 1e9, burst: 1e9 };
const [bindAddress, first, last] = process.argv.slice(2);
const relay = new Relay(
  {
    bindAddress,
    ports: { first: Number(first), last: Number(last) },
    limits: { ...defaultLimits, pairPackets: unlimited, pairBytes: unlimited },
  },
  pino({ level: 'warn' }),
);

process.on('message', async (pairs) => {
  const ports = [];
  for (const { pairId, players } of pairs) ports.push((await relay.open({ pairId, players }, null)).port);
  process.send({ ports });
});
process.on('disconnect', () => void relay.stop().then(() => process.exit()));
process.send({ ready: true });
