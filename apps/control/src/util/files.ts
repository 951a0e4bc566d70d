import { randomBytes, randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StartError } from './start-error';

const SECRET_BYTES = 32;

/**
 * A secret that outlives restarts: 64 hex digits in a file that only its owner reads, made on first use.
 * All who ask at once, in one process or in several, get the same one.
 * @throws StartError for a file that holds none, or that is not this user's
 */
export async function keptSecret(directory: string, name: string): Promise<string> {
  try {
    return await readOrMakeSecret(directory, name);
  } catch (error) {
    throw folderFault(join(directory, name), error) ?? error;
  }
}

async function readOrMakeSecret(directory: string, name: string): Promise<string> {
  const path = join(directory, name);
  const existing = await readIfThere(path);
  if (existing !== null) return wholeSecret(path, existing);

  await mkdir(directory, { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  try {
    // On the disk before it gets its name: else a power failure leaves the name, and a secret that everybody can guess.
    await writeFile(draft, randomBytes(SECRET_BYTES).toString('hex'), { mode: 0o600, flush: true });
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return wholeSecret(path, await readFile(path, 'utf8'));
}

/** @throws StartError for a file that was cut short */
function wholeSecret(path: string, secret: string): string {
  if (new RegExp(`^[0-9a-f]{${2 * SECRET_BYTES}}$`).test(secret)) return secret;
  throw new StartError(
    `error DATA_FILE_DAMAGED: ${path} holds no secret: it was cut short, or changed by hand. Restore the right one, or delete it: a new one is made, and agents sign in again.`,
  );
}

/**
 * Makes the folder of the data if it is missing, and sees that something can be written there.
 * @throws StartError when it cannot
 */
export async function ensureDataFolder(directory: string): Promise<void> {
  const probe = join(directory, `.writable.${process.pid}`);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(probe, 'Anything.', { mode: 0o600 });
    await rm(probe);
  } catch (error) {
    throw folderFault(directory, await withParent(directory, error)) ?? error;
  }
}

/** On a read-only disk Node may report ENOENT for a new folder; the nearest parent that exists gives the true reason. */
async function withParent(directory: string, error: unknown): Promise<unknown> {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(directory)) return error;
  let parent = dirname(directory);
  while (!existsSync(parent)) parent = dirname(parent);
  return access(parent, constants.W_OK).then(
    () => error,
    (reason: unknown) => reason,
  );
}

/** @param thrown by something that was to be done in the folder @returns null when it is not the folder's fault */
export function folderFault(directory: string, thrown: unknown): StartError | null {
  const reason = folderFaults.get((thrown as NodeJS.ErrnoException).code ?? '');
  if (reason === undefined) return null;
  return new StartError(`error DATA_FOLDER_NOT_WRITABLE: ${directory} ${reason}`);
}

const elsewhere = 'or set LANRAGE_DATA to another folder.';
const folderFaults: ReadonlyMap<string, string> = new Map([
  ['EROFS', `is on a read-only disk. Mount it for writing, ${elsewhere}`],
  ['EACCES', `is not writable for this user. Give it to the user that runs the server, ${elsewhere}`],
  ['EPERM', `is not writable for this user. Give it to the user that runs the server, ${elsewhere}`],
  ['ENOSPC', `is on a disk that is full. Make room, ${elsewhere}`],
  ['EDQUOT', `is on a disk where this user's quota is used up. Make room, ${elsewhere}`],
  ['ENOTDIR', `is not a folder, or is inside something that is not one. Remove that, ${elsewhere}`],
  ['EEXIST', `is not a folder. Remove it, ${elsewhere}`],
]);

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
