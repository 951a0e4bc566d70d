// `npm start`: sets up, then runs the whole server: control plane, relay and STUN, embedded PostgreSQL.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { readSettingsFile } from './settings-file.mjs';

/** On a terminal the announcement waits until the two are connected and the log is silent for so long, but not forever. */
const SILENCE_MS = 300;
const LONGEST_SILENCE_WAIT_MS = 10_000;

setup();
readSettingsFile();
const { default: pretty } = await import('pino-pretty');
// Compiled by the set-up.
const require = createRequire(import.meta.url);
const { ownAddress } = require('#runtime/own-address');
const { ServerPrograms } = require('#runtime/server-programs');
const { ipScope } = require('#shared/ip-scope');
const { unknownSettings } = require('#shared/setting-names');
const { readConfig: readControlConfig } = require('../dist/apps/control/src/config.js');
const { readConfig: readRelayConfig } = require('../dist/apps/relay/src/config.js');

/** A log for people: each event on a line, without the settings, which README's table explains. */
const toLine = process.stdout.isTTY
  ? pretty.prettyFactory({ ignore: 'pid,hostname,settings,config', singleLine: true })
  : undefined;
let lastLineAtMs = 0;

const env = {
  ...process.env,
  LANRAGE_PUBLIC_ADDRESS: process.env.LANRAGE_PUBLIC_ADDRESS || (await ownAddress()),
  // Known to both children; a relay elsewhere needs one that is set.
  LANRAGE_RELAY_SECRET: process.env.LANRAGE_RELAY_SECRET || randomBytes(32).toString('hex'),
};
const server = new ServerPrograms({
  folder: join(root, 'dist'),
  env,
  onLine: showLine,
  onFault: (sentence) => console.error(sentence),
});
let stopping = false;

function showLine(line) {
  lastLineAtMs = performance.now();
  process.stdout.write(toLine?.(line) ?? `${line}\n`);
}

async function stop() {
  if (stopping) return;
  stopping = true;
  await server.stop();
  process.exit();
}

/** npm passes SIGINT and SIGTERM on, but cannot when it is killed; nothing may then hold the ports. */
function stopWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 500).unref();
}

/** Names what is wrong with the settings of both at once: the relay's own word would come after the control plane's start. */
function refuseWrongSettings() {
  for (const { name, message } of unknownSettings(env)) {
    console.error(message);
    delete env[name];
  }
  const readers = [() => readControlConfig(env), () => readRelayConfig(env.LANRAGE_PUBLIC_ADDRESS, env)];
  const lines = readers.flatMap(faultsOf);
  if (lines.length === 0) return;
  // Both begin alike, and may name the same setting.
  console.error([...new Set(lines)].join('\n'));
  process.exit(1);
}

function faultsOf(read) {
  try {
    read();
    return [];
  } catch (error) {
    return error.message.split('\n');
  }
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

/** The last thing on a terminal: what the two say while they find each other comes before it. */
function announceInSilence(running, untilMs = performance.now() + LONGEST_SILENCE_WAIT_MS) {
  if (stopping) return;
  const nowMs = performance.now();
  const isSilent = server.isConnected && nowMs - lastLineAtMs >= SILENCE_MS;
  if (!toLine || isSilent || nowMs >= untilMs) announce(running);
  else setTimeout(announceInSilence, SILENCE_MS, running, untilMs);
}

function announce({ control: { url }, relay: { publicAddress, ports, stunEndpoints } }) {
  console.log(`
LANrage is running.

  Control plane   ${url}   (API: ${url}/docs, health: ${url}/health)
  Relay           ${publicAddress}, UDP ports ${ports}
  STUN            ${stunEndpoints.join(', ')} (UDP)

On each player's machine, in a checkout after npm run setup:

  sudo ./lanrage create "Gaming Night" --as Alice --server ${url}
  sudo ./lanrage join '<the link that create prints>' --as Bob

Ctrl-C stops it; parties are kept.
${isPrivate(publicAddress) ? privateAdvice(publicAddress) : ''}`);
}

refuseWrongSettings();
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
stopWithNpm();
try {
  const running = await server.start();
  if (running) announceInSilence(running);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
  await stop();
}
