import { dirname } from 'node:path';
import { LanrageError, type ErrorCode } from '#shared/errors';

/** What each errno of the system says of a state folder; others are HOME_UNUSABLE. */
const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'HOME_FULL',
  EDQUOT: 'HOME_FULL',
  EROFS: 'HOME_READ_ONLY',
  EACCES: 'HOME_DENIED',
  EPERM: 'HOME_DENIED',
  ENAMETOOLONG: 'HOME_PATH_TOO_LONG',
};

/** What to do about each, after the sentence that says what is wrong with which file. */
const remedies = {
  HOME_FULL: (folder: string) =>
    `No space is left for the state folder ${folder}, or its owner's quota is used up. Free some: df -h '${folder}' shows how much there is.`,
  HOME_READ_ONLY: (folder: string) =>
    `The state folder ${folder} is on a disk that is mounted read-only. Mount it for writing (a disk with faults is made read-only: see dmesg), or name another folder with LANRAGE_HOME.`,
  HOME_DENIED: (folder: string) =>
    `The system does not let this user work in the state folder ${folder}. Run this with sudo, or name a folder of your own with LANRAGE_HOME.`,
  HOME_PATH_TOO_LONG: (folder: string) =>
    `The path of the state folder is longer than the system allows: ${folder}. Name a shorter one with LANRAGE_HOME.`,
} as const;

/**
 * Does something to a file of the state folder; says in words what the system refuses.
 * @throws LanrageError HOME_FULL, HOME_READ_ONLY, HOME_DENIED, HOME_PATH_TOO_LONG, HOME_UNUSABLE
 */
export function inHome<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw homeFailure(path, error);
  }
}

/** @returns an error of the system as a refusal that names the folder; any other error as it is */
export function homeFailure<Failure>(path: string, error: Failure): Failure | LanrageError {
  const errno = error instanceof Error ? (error as Error & { code?: string }).code : undefined;
  if (error instanceof LanrageError || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return error;
  const code = codes[errno] ?? 'HOME_UNUSABLE';
  const message =
    code in remedies
      ? remedies[code as keyof typeof remedies](dirname(path))
      : `The state folder cannot be used: ${(error as Error).message}. Mend or move what is there, or name another folder with LANRAGE_HOME.`;
  return new LanrageError(code, { message, cause: error });
}

/** A file of the state folder that holds nothing usable, such as one that was cut short when the power failed. */
export function damagedFile(path: string, remedy: string): LanrageError {
  return new LanrageError('HOME_FILE_DAMAGED', {
    message: `${path} is damaged: it was cut short, or changed by hand. ${remedy}`,
  });
}
