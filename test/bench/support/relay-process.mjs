// The compiled relay without its link to a control plane: does what it is told over IPC, and answers each message. What it logs
// goes the same way, and so before the answer.
import { createRequire } from 'node:module';
import { createHistogram } from 'node:perf_hooks';

const require = createRequire(import.meta.url);
const { Relay } = require('../../../dist/apps/relay/src/relay.js');
const { openFastPath } = require('../../../dist/apps/relay/src/fastpath/open.js');
const { defaultLimits } = require('../../../dist/apps/relay/src/core/limits.js');
const { chooseUdpPorts } = require('../../../dist/apps/relay/src/udp/open.js');
const { Readiness } = require('../../../dist/libs/runtime/src/native/readiness.js');
const { pino } = require('pino');
// What the relay's program has in memory besides.
require('../../../dist/apps/relay/src/control-link.js');
require('../../../dist/apps/relay/src/metrics.js');
require('../../../dist/apps/relay/src/stun/server.js');

const unlimited = { perSecond: 1e9, burst: 1e9 };
const [bindAddress, first, last, path, ...settings] = process.argv.slice(2);
const ports = { first: Number(first), last: Number(last) };
const limits = { ...defaultLimits, pairPackets: unlimited, pairBytes: unlimited };
if (settings.includes('strangers'))
  Object.assign(limits, { strangersPerPort: unlimited, strangersPerRelay: unlimited });
const log = pino({ level: 'info' }, { write: (log) => process.send?.({ log }) });
const kind = { BPF: 'auto', nftables: 'nftables' }[path];
const fastPath = kind && (await openFastPath(kind, { bindAddress, publicAddress: bindAddress, ports }, log));

// Turns of native ports: reading, judging and sending what has come to one of them.
const turns = createHistogram();
if (settings.includes('timed')) {
  const { watch } = Readiness.prototype;
  Readiness.prototype.watch = function (fd, read) {
    return watch.call(this, fd, () => {
      const startedAtMs = performance.now();
      read();
      turns.record(Math.max(1, Math.round((performance.now() - startedAtMs) * 1e6)));
    });
  };
}

const openUdp = await chooseUdpPorts(path !== 'dgram', log);
const relay = new Relay({ bindAddress, ports, limits, fastPath, openUdp }, log);

async function stop() {
  await relay.stop();
  await fastPath?.stop();
  process.exit();
}

const requests = {
  open: (pairs) =>
    Promise.all(
      pairs.map(
        async ({ preferredPort = null, ...identity }) => (await relay.open(identity, preferredPort)).port,
      ),
    ),
  timeOpening: async (pairs) => {
    const durationsMs = [];
    for (const identity of pairs) {
      const startedAtMs = performance.now();
      await relay.open(identity, null);
      durationsMs.push(performance.now() - startedAtMs);
    }
    return durationsMs;
  },
  close: (pairIds) => relay.close(pairIds),
  report: () => ({
    kernelFlows: fastPath?.size ?? 0,
    kernelPackets: fastPath?.total.packets ?? 0,
    sessions: relay.sessionCount,
    totals: relay.totals(),
  }),
  /** Figures of the turns since the last time that this was asked. */
  turns: () => {
    const [count, p50Us, p99Us] = [turns.count, ...[50, 99].map((share) => turns.percentile(share) / 1000)];
    turns.reset();
    return { count, p50Us, p99Us };
  },
  leaveKernel: () => fastPath.stop(),
};

process.on('SIGTERM', () => void stop());
process.on('disconnect', () => void stop());
process.on('message', async ({ request, argument }) => {
  process.send({ answer: await requests[request](argument) });
});
process.send({ ready: true });
