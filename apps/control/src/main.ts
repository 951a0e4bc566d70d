import { startWatchdog } from '#runtime/watchdog';
import { startControl } from './app';
import { readConfig } from './config';
import { StartError } from './operations/start-error';

/** How long after being asked to stop the process exits at the latest. */
const LONGEST_STOP_MS = 9000;

async function main(): Promise<void> {
  startWatchdog();
  const asked = askedToStop();
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
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
});
