// Maps a local port by the compiled agent's own class. Obeys "open", "close" and "info", a line each, and tells of every
// change, as lines of JSON.
// node port-mapping-driver.mjs LOCAL_PORT [LEASE_SECONDS]
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import portMapping from '../../dist/apps/client/src/nat/port-mapping.js';

const [localPort, leaseSeconds] = process.argv.slice(2);
const mapping = new portMapping.PortMapping(leaseSeconds ? Number(leaseSeconds) : undefined);
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
mapping.on('change', () => tell('change', mapping.info()));

const commands = {
  open: () => mapping.open(Number(localPort)),
  close: async () => {
    const startedAtMs = performance.now();
    await mapping.close();
    tell('closed', { tookMs: performance.now() - startedAtMs });
  },
  info: () => tell('info', mapping.info()),
};
tell('started');
for await (const line of createInterface(process.stdin)) await commands[line]();
