import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const SECRET_BYTES = 32;

/**
 * A secret that outlives restarts: 64 hex digits in a file that only its owner reads, made on first use.
 * Two processes that start at once get the same one.
 */
export async function keptSecret(directory: string, name: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, name);
  const existing = await readIfThere(path);
  if (existing !== null) return existing;

  const draft = `${path}.${process.pid}`;
  await writeFile(draft, randomBytes(SECRET_BYTES).toString('hex'), { mode: 0o600 });
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return readFile(path, 'utf8');
}

/** A file's text, or null when there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The nearest thing of this name, in a folder or in one above it: where the checkout's files are, seen from dist too. */
export function findUpwards(from: string, name: string): string {
  const candidate = join(from, name);
  if (existsSync(candidate)) return candidate;
  if (dirname(from) === from) throw new Error(`${name} is missing from this installation.`);
  return findUpwards(dirname(from), name);
}
