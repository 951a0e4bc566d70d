// `npm start`: sets up, then runs the whole server: control plane, relay and STUN, embedded PostgreSQL.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const STOP_PATIENCE_MS = 10_000;
const LONGEST_BACKOFF_MS = 10_000;

setup();
const { default: pretty } = await import('pino-pretty');
// Compiled by the set-up.
const require = createRequire(import.meta.url);
const { ownAddress } = require('#runtime/own-address');
const { ipScope } = require('#shared/ip-scope');

const env = {
  ...process.env,
  LANRAGE_PUBLIC_ADDRESS: process.env.LANRAGE_PUBLIC_ADDRESS || (await ownAddress()),
  // Known to both children; a relay elsewhere needs one that is set.
  LANRAGE_RELAY_SECRET: process.env.LANRAGE_RELAY_SECRET || randomBytes(32).toString('hex'),
};
const control = { name: 'control' };
/** As in package.json and the image: a relay with many pairs takes less memory, and no more time. */
const relay = { name: 'relay', flags: ['--max-semi-space-size=2', '--optimize-for-size'] };
const services = [control, relay];
let stopping = false;

/** Runs one app and brings it back when it dies: players must not notice. */
function run(service, failures = 0) {
  const child = spawn(
    process.execPath,
    [...(service.flags ?? []), '--enable-source-maps', join(root, `dist/${service.name}.js`)],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  service.child = child;
  child.stdout.pipe(process.stdout.isTTY ? pretty({ ignore: 'pid,hostname' }) : process.stdout, {
    end: false,
  });

  child.on('message', (message) => {
    if (!message?.ready) return;
    failures = 0;
    if (service.ready) return;
    service.ready = message;
    // The relay second, so that it finds somebody to dial.
    if (service === control) run(relay);
    else announce();
  });
  child.on('exit', (code, signal) => {
    service.child = undefined;
    if (stopping) return finishWhenAllGone();
    if (!service.ready) return giveUp(service, code ?? signal);
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** failures);
    console.error(`${service.name} ended (${code ?? signal}); starting it again in ${backoffMs / 1000} s`);
    setTimeout(() => stopping || run(service, failures + 1), backoffMs);
  });
}

function giveUp(service, why) {
  console.error(`${service.name} could not start (${why}). The lines above say why.`);
  process.exitCode = 1;
  stop();
}

function stop() {
  if (stopping) return;
  stopping = true;
  // Not SIGTERM, on which a relay would wait for the control plane to move its players away.
  for (const { child } of services) child?.kill('SIGINT');
  setTimeout(() => services.forEach(({ child }) => child?.kill('SIGKILL')), STOP_PATIENCE_MS).unref();
  finishWhenAllGone();
}

function finishWhenAllGone() {
  if (services.every(({ child }) => child === undefined)) process.exit();
}

/** npm passes SIGINT and SIGTERM on, but cannot when it is killed; nothing may then hold the ports. */
function stopWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 500).unref();
}

function isPrivate(address) {
  return ipScope(address) !== 'global';
}

function privateAdvice(address) {
  return `
Players of other networks cannot reach ${address}. For them, start it with LANRAGE_PUBLIC_ADDRESS set to the
address that the Internet knows, and have the router forward what docs/operations.md lists under "Ports".
`;
}

function announce() {
  const { url } = control.ready;
  const { publicAddress, ports, stunEndpoints } = relay.ready;
  console.log(`
LANrage is running.

  Control plane   ${url}   (API: ${url}/docs, health: ${url}/health)
  Relay           ${publicAddress}, UDP ports ${ports}
  STUN            ${stunEndpoints.join(', ')} (UDP)

On each player's machine, in a checkout after npm run setup:

  sudo ./lanrage create "Gaming Night" --as Alice --server ${url}
  sudo ./lanrage join <party id> --as Bob --server ${url}

Ctrl-C stops it; parties are kept.
${isPrivate(publicAddress) ? privateAdvice(publicAddress) : ''}`);
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
stopWithNpm();
run(control);
