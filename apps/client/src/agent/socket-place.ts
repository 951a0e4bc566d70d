import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { LanrageError } from '#shared/errors';
import { inHome } from '../home-failure';

/** `sun_path` holds 108 bytes on Linux, the zero at the end included; see unix(7). Node cuts what is longer, in silence. */
const LONGEST_PATH_BYTES = 107;
/** The open folders of this process, by number; see proc_pid_fd(5). */
const OPEN_FOLDERS = '/proc/self/fd';

/** A path for a unix socket, short enough for the system. It is valid until it is released. */
export interface SocketPlace {
  readonly path: string;
  release(): void;
}

/**
 * Where to listen at, or connect to, a socket of any path: one that is too long is reached by its folder, held open.
 * @param path absolute
 * @throws LanrageError HOME_PATH_TOO_LONG where the system shows no open folders, or as {@link inHome}
 */
export function socketPlace(path: string): SocketPlace {
  if (Buffer.byteLength(path) <= LONGEST_PATH_BYTES) return { path, release: () => undefined };
  if (!existsSync(OPEN_FOLDERS)) throw new LanrageError('HOME_PATH_TOO_LONG');
  const folder = inHome(path, () => openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY));
  return { path: `${OPEN_FOLDERS}/${folder}/${basename(path)}`, release: () => closeSync(folder) };
}
