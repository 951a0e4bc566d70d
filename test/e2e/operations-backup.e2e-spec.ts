/** The backup of docs/operations.md for the embedded PostgreSQL: stop, copy the data folder, start. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControl } from '../../apps/control/src/app';
import { readConfig } from '../../apps/control/src/config';
import { refusal, TestAgent } from './support/control-agent';

describe('a backup of the data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-backup-'));
  afterAll(() => rm(folder, { recursive: true }));

  const start = () =>
    startControl(
      readConfig({
        LANRAGE_HTTP_BIND: '127.0.0.1',
        LANRAGE_HTTP_PORT: '0',
        LANRAGE_DATA: join(folder, 'data'),
        LANRAGE_LOG_LEVEL: 'silent',
      }),
    );

  it('brings back parties and sign-ins as they were, and nothing later', async () => {
    const first = await start();
    const alice = await TestAgent.signIn(first.url);
    const kept = await alice.create({ name: 'Kept', persistent: true });
    await first.close();
    execFileSync('cp', ['--archive', 'data', 'data.backup'], { cwd: folder });

    const second = await start();
    const later = await TestAgent.signIn(second.url, 'Bob');
    const lost = await later.create({ name: 'Lost', persistent: true });
    await second.close();
    await rm(join(folder, 'data'), { recursive: true });
    execFileSync('cp', ['--archive', 'data.backup', 'data'], { cwd: folder });

    const third = await start();
    const again = Object.assign(new TestAgent(third.url), { token: alice.token });
    expect(await again.get(kept.id)).toEqual(kept);
    const bob = await TestAgent.signIn(third.url, 'Bob');
    expect(refusal(await bob.tryGet(lost.id)).code).toBe('PARTY_NOT_FOUND');
    await third.close();
  }, 60_000);
});
