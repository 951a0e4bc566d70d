import { spawnSync } from 'node:child_process';

/**
 * `it` where the program is installed, else a skip that says in one line what is missing; with `CI=true` it runs and
 * fails.
 *
 * @param option makes the program end at once, with whatever exit code
 */
export function itWith(program: string, option: string, debianPackage: string): jest.It {
  if (process.env['CI'] === 'true' || spawnSync(program, [option]).error === undefined) return it;
  process.stderr.write(`Skipped: ${program} is not installed (Debian package ${debianPackage}).\n`);
  return it.skip;
}
