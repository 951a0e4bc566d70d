import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { LanrageError } from '#shared/errors';
import { createOwnFile, homePaths, linkIfFree, makeHome, readOwnFile } from './home';
import { inHome } from './home-failure';
import { identifyProcess, isRunning, processIdentitySchema } from './process-identity';

/**
 * At most one program works in a state folder. The lock is a file that names its holder, so that one left by a program
 * that was killed is known to be stale.
 */
export class HomeLock {
  private readonly path: string;
  private isTaken = false;

  constructor(private readonly home: string) {
    this.path = homePaths(home).lock;
  }

  /**
   * Takes the lock, unless this object has it already.
   * @throws LanrageError AGENT_ALREADY_RUNNING, HOME_NOT_SAFE, or as {@link inHome}
   */
  take(): void {
    if (this.isTaken) return;
    makeHome(this.home);
    const self = JSON.stringify(identifyProcess(process.pid));
    if (!createOwnFile(this.path, self)) {
      this.removeStale();
      if (!createOwnFile(this.path, self)) throw new LanrageError('AGENT_ALREADY_RUNNING');
    }
    this.isTaken = true;
  }

  /** Gives the lock back. One that cannot be removed, as on a disk that has become read-only, is stale when this process ends. */
  release(): void {
    try {
      if (this.isTaken) rmSync(this.path, { force: true });
    } catch {
      // Nothing of it is left to do.
    }
    this.isTaken = false;
  }

  /** @throws LanrageError AGENT_ALREADY_RUNNING */
  private removeStale(): void {
    inHome(this.path, () => this.moveStaleAside());
  }

  private moveStaleAside(): void {
    const stale = readOwnFile(this.path) ?? '';
    if (isHeld(stale)) throw new LanrageError('AGENT_ALREADY_RUNNING');
    const aside = `${this.path}.${randomUUID()}`;
    try {
      renameSync(this.path, aside);
      // Another program may have replaced the stale lock first: then this took the other's.
      if (readOwnFile(aside) !== stale) linkIfFree(aside, this.path);
      rmSync(aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
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
