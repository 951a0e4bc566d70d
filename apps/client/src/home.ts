import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { LanrageError } from '#shared/errors';
import { inHome } from './home-failure';
import { replaceablePart } from './trusted-path';

/** The state folder of an agent that runs as root, unless a setting names another one. */
export const ROOT_HOME = '/var/lib/lanrage';

/** Group and others may enter a folder, without reading what is in it. */
const ENTER = 0o011;

/** The files of an agent's state folder. */
export function homePaths(home: string) {
  return {
    /** What the player set, or LANrage remembers. */
    settings: join(home, 'config.json'),
    identity: join(home, 'identity.key'),
    /** Which party the server believes this agent to be in. */
    membership: join(home, 'membership.json'),
    /** What this agent needs to check who is in a party, by party. */
    partyKeys: join(home, 'party-keys.json'),
    /** The parties that this agent was in. */
    parties: join(home, 'parties.json'),
    /** What this agent changed on the machine. */
    journal: join(home, 'journal.json'),
    lock: join(home, 'agent.lock'),
    socket: join(home, 'agent.sock'),
    /** Leads a browser to the agent's page: an address on a command line could be read by every user of the machine. */
    page: join(home, 'page.html'),
  };
}

/**
 * Refuses a state folder in which other users could tell a root agent what to do. Other agents may use any that they can.
 * @throws LanrageError HOME_NOT_SAFE, or as {@link inHome}
 */
export function verifyHome(home: string): void {
  if (process.geteuid?.() !== 0) return;
  const part = inHome(homePaths(home).lock, () => replaceablePart(home));
  if (part === undefined) return;
  throw new LanrageError('HOME_NOT_SAFE', {
    message: `Users other than root can change ${part}, so root's agent must not keep its state in ${home}. Unset LANRAGE_HOME to use ${ROOT_HOME}, or name a folder that belongs to root; README.md, "Settings", says how to take your identity along.`,
  });
}

/** Makes the folder, readable by its owner alone. @throws LanrageError HOME_NOT_SAFE, or as {@link inHome} */
export function makeHome(home: string): void {
  inHome(homePaths(home).lock, () => makeFolder(home));
  // Somebody may have made it in the same moment.
  verifyHome(home);
}

/** Lets all users of the system open what is open to them in the folder; they see no names. @throws LanrageError as {@link inHome} */
export function letEnter(home: string): void {
  inHome(homePaths(home).lock, () => chmodSync(home, (statSync(home).mode & 0o777) | ENTER));
}

/** Falls back to one folder at a time: for several on a read-only disk, Node reports ENOENT in place of EROFS. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (!existsSync(dirname(path))) makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/**
 * @returns undefined without the file. A symbolic link is none of the agent's files: HOME_UNUSABLE, with ELOOP.
 * @throws LanrageError as {@link inHome}
 */
export function readOwnFile(path: string): string | undefined {
  return inHome(path, () => readIfThere(path));
}

function readIfThere(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Writes a file as a whole, in place of the one that is there. @throws LanrageError as {@link inHome} */
export function replaceOwnFile(path: string, text: string): void {
  withNewFile(path, text, (written) => renameSync(written, path));
}

/** Writes a file as a whole, unless there is one. @returns whether it did @throws LanrageError as {@link inHome} */
export function createOwnFile(path: string, text: string): boolean {
  return withNewFile(path, text, (written) => linkIfFree(written, path));
}

/** Unlike a rename, a link never replaces what is there. @returns whether the place was free */
export function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** `wx` is O_EXCL: what is there already, a symbolic link above all, is not written through. */
function withNewFile<Result>(path: string, text: string, place: (written: string) => Result): Result {
  const written = `${path}.${randomUUID()}`;
  return inHome(path, () => {
    try {
      writeThrough(written, text);
      return place(written);
    } finally {
      rmSync(written, { force: true });
    }
  });
}

/** On the disk before it gets its name: else a power failure leaves the name, and a file cut short. */
function writeThrough(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A small JSON document that a `kill -9` at any moment leaves whole, old or new. */
export class JsonFile<Schema extends z.ZodType> {
  constructor(
    readonly path: string,
    private readonly schema: Schema,
  ) {}

  /** The document; undefined when there is none, or none of this shape. @throws LanrageError as {@link inHome} */
  read(): z.output<Schema> | undefined {
    try {
      return this.schema.safeParse(JSON.parse(readOwnFile(this.path) ?? 'null')).data;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Whether there is a file, of whatever shape. */
  isThere(): boolean {
    return existsSync(this.path);
  }

  /** @throws LanrageError as {@link inHome} */
  write(value: z.output<Schema>): void {
    replaceOwnFile(this.path, `${JSON.stringify(value)}\n`);
  }

  /** @throws LanrageError as {@link inHome} */
  delete(): void {
    inHome(this.path, () => rmSync(this.path, { force: true }));
  }
}
