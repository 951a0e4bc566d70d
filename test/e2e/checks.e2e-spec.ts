/** A check that cannot fail checks nothing: each of these breaks a bar, and sees the command fail. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { withBounds } from '../bench/support/command';
import { publish, percentile, type Bar } from '../bench/support/report';
import { root } from './support/processes';

const run = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'scripts', script), ...args], { encoding: 'utf8' });

describe('A benchmark with --check', () => {
  const races = 'races with exactly one winner';

  it('exits 1 for a missed bar, and prints one JSON document alone', () => {
    const args = ['control', '--only', 'races', '--quick', '--check', '--json'];
    const missed = run('bench.mjs', ...args, '--bar', `${races}=1000000`);
    expect(JSON.parse(missed.stdout)).toMatchObject({ bars: [{ name: races, met: false }] });
    expect(missed.status).toBe(1);
    const met = run('bench.mjs', ...args);
    expect(JSON.parse(met.stdout)).toMatchObject({ bars: [{ name: races, met: true }] });
    expect(met.status).toBe(0);
  }, 180_000);

  it.each(['agent', 'control', 'discovery', 'join', 'outage', 'paths', 'relay'])(
    'bench:%s refuses what it does not know',
    (name) => {
      expect(run('bench.mjs', name, '--chekc')).toMatchObject({ status: 2, stdout: '' });
      expect(run('bench.mjs', name, '--bar', 'any=')).toMatchObject({ status: 2, stdout: '' });
      expect(run('bench.mjs', name, '--help')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Examples:') as string,
      });
    },
    120_000,
  );
});

describe('Bars', () => {
  const allMet = (...bars: Bar[]) => publish({ benchmark: 'any', tables: [], bars }, true).allMet;
  const bar = { name: 'any', unit: 'ms' };

  it('are missed by an empty measurement, and by none at all', () => {
    expect(allMet({ ...bar, measured: 1, most: 1 })).toBe(true);
    expect(allMet({ ...bar, measured: percentile([], 0.5), most: 1 })).toBe(false);
    expect(allMet({ ...bar, measured: percentile([], 0.5), least: 1 })).toBe(false);
    expect(allMet()).toBe(false);
  });

  it('need a bound, and a bound needs its bar', () => {
    expect(() => allMet({ ...bar, measured: 1 })).toThrow('no bound');
    expect(() => withBounds([{ ...bar, measured: 1, most: 2 }], new Map([['other', 1]]))).toThrow('no bar');
  });
});

describe('npm test', () => {
  it('fails when it finds no test', () => {
    expect(run('test.mjs', 'no-such-test', '--selectProjects', 'unit').status).toBe(1);
    expect(run('test.mjs', 'no-such-test', '--passWithNoTests', '--selectProjects', 'unit').status).toBe(1);
  }, 120_000);
});
