// Detects the NAT twice with the compiled agent's own class, then hands the port over; tells all of it as JSON.
// node nat-probe.mjs SERVER… (STUN servers, ip:port)
import { performance } from 'node:perf_hooks';
import natTraversal from '../../dist/apps/client/src/nat/nat-traversal.js';

const servers = process.argv.slice(2);
const nat = new natTraversal.NATTraversal(() => Promise.resolve(servers));
const startedAtMs = performance.now();
const first = await nat.detectNat();
const elapsedMs = performance.now() - startedAtMs;
const second = await nat.detectNat();
const port = nat.takePort();
const third = await nat.detectNat();
console.log(JSON.stringify({ first, elapsedMs, second, port, third }));
