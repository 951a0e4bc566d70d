// `npm test [-- jest arguments]`: sets up, then runs every test that this machine allows.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

setup();

const scratch = mkdtempSync(join(tmpdir(), 'lanrage-test-'));
const report = join(scratch, 'report.json');
const jest = join(root, 'node_modules/jest/bin/jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--json', '--outputFile', report, ...process.argv.slice(2)],
  // --json sends the machine's report to stdout; people read stderr.
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
);
const ran = summarize();
rmSync(scratch, { recursive: true });
// Killed by a signal, jest has no status.
process.exit(ran ? (status ?? 1) : status || 1);

/** Whether tests were run. */
function summarize() {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log('Jest ended without a report.');
    return false;
  }
  for (const reason of skipReasons(result)) console.log(`Skipped tests: ${reason}.`);
  const skipped = result.numPendingTests + result.numTodoTests;
  console.log(`${result.numPassedTests} passed, ${result.numFailedTests} failed, ${skipped} skipped`);
  return result.numPassedTests + result.numFailedTests > 0;
}

/** Each reason once, however many suites have it; see test/lab/available.ts. */
function skipReasons({ testResults }) {
  const titles = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending')
    .flatMap(({ ancestorTitles }) => ancestorTitles);
  return new Set(titles.flatMap((title) => /\[skipped: (.+)\]/.exec(title)?.[1] ?? []));
}
