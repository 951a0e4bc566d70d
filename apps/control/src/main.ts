import { setFlagsFromString } from 'node:v8';
import { startWatchdog } from '#runtime/watchdog';
import { startControl } from './app';
import { readConfig } from './config';
import { StartError } from './util/start-error';

/** How long after being asked to stop the process exits at the latest. */
const LONGEST_STOP_MS = 9000;

/**
 * By how much the heap grows, in percent of what is alive, before it is collected. By itself V8 lets it double and more, which
 * somebody who floods the server turns into 100 to 180 MiB.
 */
const HEAP_GROWTH = 30;

let isAsked = false;

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  startWatchdog();
  const asked = askedToStop().then(() => (isAsked = true));
  const app = await startControl(readConfig());
  if (process.connected) process.send?.({ ready: true, url: app.url });
  await asked;
  setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
  await app.close();
  process.exit(0);
}

/** Settles on a signal, and when the process that started this one is gone. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => resolve());
  });
}

main().catch((error: unknown) => {
  // Ctrl-C ends PostgreSQL's programs, too: what fails then is no news.
  if (isAsked) process.exit(0);
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
});
