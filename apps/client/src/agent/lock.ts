import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { LanrageError } from '#shared/errors';
import { homePaths, makeHome } from '../home';
import { identifyProcess, isRunning, processIdentitySchema } from '../process-identity';

/**
 * At most one agent works in a state folder. The lock is a file that names its holder, so that one left by an agent
 * that was killed is known to be stale.
 * @returns how to give it back @throws LanrageError AGENT_ALREADY_RUNNING
 */
export function acquireLock(home: string): () => void {
  makeHome(home);
  const path = homePaths(home).lock;
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    if (!tryLink(own, path)) replaceStaleLock(own, path);
  } finally {
    rmSync(own);
  }
  return () => rmSync(path, { force: true });
}

/** Unlike a plain write, a link is there as a whole or not at all, and never replaces another. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function replaceStaleLock(own: string, path: string): void {
  const stale = readIfPresent(path);
  if (isHeld(stale)) throw new LanrageError('AGENT_ALREADY_RUNNING');
  const aside = `${own}.stale`;
  try {
    renameSync(path, aside);
    // Another agent may have replaced the stale lock first: then this took the other's.
    if (readIfPresent(aside) !== stale) tryLink(aside, path);
    rmSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (!tryLink(own, path)) throw new LanrageError('AGENT_ALREADY_RUNNING');
}

function isHeld(lock: string): boolean {
  try {
    const holder = processIdentitySchema.safeParse(JSON.parse(lock));
    return holder.success && isRunning(holder.data);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
