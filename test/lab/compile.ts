import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(__dirname, '../../node_modules/.cache/lab');

/** Compiles a C program of one file, once per version of it. Returns the path of the executable. */
export async function compile(source: string): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12);
  const executable = join(cache, `${basename(source, '.c')}-${version}`);
  const exists = await access(executable).then(
    () => true,
    () => false,
  );
  if (!exists) {
    await mkdir(cache, { recursive: true });
    // Renaming is atomic: other processes may be at the same.
    const unfinished = `${executable}.${process.pid}`;
    await promisify(execFile)('cc', ['-O2', '-Wall', '-Wextra', '-pthread', '-o', unfinished, source]);
    await rename(unfinished, executable);
  }
  return executable;
}
