import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

describe('signing in, over and over', () => {
  // With keys from generateKeyPairSync that are exported as JWK, Node 20 stops here forever, in every run that was made:
  // a collection of garbage that falls into an export waits for a lock that the export holds.
  it('never locks the process, however often garbage is collected', async () => {
    const argv = ['--max-semi-space-size=1', join(__dirname, 'sign-in-rounds.mjs'), '10000'];
    const { stdout } = await run(process.execPath, argv, { timeout: 110_000, killSignal: 'SIGKILL' });
    expect(stdout).toBe('10000\n');
  }, 120_000);
});
