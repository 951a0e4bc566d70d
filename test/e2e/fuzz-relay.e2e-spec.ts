/** The command line of the fuzzer. What it looks for is tested in test/property. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support/processes';

describe('npm run fuzz:relay', () => {
  const fuzz = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts/fuzz.mjs'), 'relay', ...args], { encoding: 'utf8' });

  it('searches for so long, and says with which seed and what it reached', () => {
    const { status, stdout, stderr } = fuzz('--seconds', '2', '--seed', '7');
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /seed 7, 2 s\n2 s: relay \d+ runs, \d+ kept; stun \d+ runs.*ranges of code reached/,
    );
  }, 120_000);

  it('repeats an input that was written down', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lanrage-fuzz-'));
    const replay = (content: object) => {
      writeFileSync(join(folder, 'input.json'), JSON.stringify(content));
      return fuzz('--replay', join(folder, 'input.json'));
    };
    const input = [{ do: 'handshake', pair: 0, from: 0 }];
    expect(replay({ subject: 'relay', input })).toMatchObject({ status: 0 });
    expect(replay({ subject: 'relay', input: [{ do: 'handshake', pair: 0, from: 5 }] }).status).toBe(1);
    rmSync(folder, { recursive: true });
  }, 120_000);

  it('explains itself', () => {
    expect(fuzz('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Examples:') as string,
    });
    expect(fuzz('--seconds', 'many')).toMatchObject({ status: 2 });
    expect(fuzz('--nonsense')).toMatchObject({ status: 2 });
  }, 120_000);
});
