import { startControl } from './app';
import { ConfigError, readConfig } from './config';

/** Exit at the latest so long after being asked to stop. */
const LONGEST_STOP_MS = 9000;

async function main(): Promise<void> {
  const app = await startControl(readConfig());
  process.send?.({ ready: true, url: app.url });

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
}

function fail(error: unknown): never {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

main().catch(fail);
