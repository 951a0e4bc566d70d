import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '../e2e/support/prepared-database';
import { end, root } from '../e2e/support/processes';
import { RELAY_SECRET, unlimited } from '../e2e/support/settings';
import { freePort } from '../fixtures/free-port';

export interface AttackedControl {
  readonly url: string;
  /** The folder of its database. */
  readonly data: string;
  stop(): Promise<void>;
}

/** A compiled control plane that takes relays with the secret of the tests, and counts nobody's requests. */
export function startAttackedControl(settings: Record<string, string> = {}): Promise<AttackedControl> {
  return startLimitedControl({ ...unlimited, ...settings });
}

/** A compiled control plane that takes relays with the secret of the tests, and has its default limits. */
export async function startLimitedControl(settings: Record<string, string> = {}): Promise<AttackedControl> {
  const data = await mkdtemp(join(tmpdir(), 'lanrage-attacked-'));
  await prepareDatabase(data);
  const port = await freePort();
  const child = fork(join(root, 'dist/control.js'), {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LANRAGE_DATA: data,
      LANRAGE_HTTP_PORT: String(port),
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_RELAY_SECRET: RELAY_SECRET,
      LANRAGE_LOG_LEVEL: 'fatal',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('control ended'))),
  ]);
  const stop = async () => {
    await end(child, 'SIGTERM');
    await rm(data, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${port}`, data, stop };
}
