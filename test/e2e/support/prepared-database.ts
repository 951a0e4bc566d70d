import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Gives a new data folder the files of an empty database, which a control plane would take some seconds to make. Outside Jest
 * there are none (test/prepare-database.cjs), and it makes them itself.
 */
export async function prepareDatabase(dataDirectory: string): Promise<void> {
  const prepared = process.env['PREPARED_DATABASE'];
  if (prepared === undefined) return;
  await mkdir(dataDirectory, { recursive: true });
  // Most of a new write-ahead log is zeros, which Linux need not write.
  const options = process.platform === 'linux' ? ['-a', '--sparse=always'] : ['-a'];
  await run('cp', [...options, prepared, join(dataDirectory, 'postgres')]);
}
