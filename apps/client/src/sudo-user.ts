/**
 * Root's agent keeps its state where root alone can change it, and is asked by the user who started it with sudo: that user
 * gets the socket, may enter the folder to reach it, and may read the settings that LANrage remembers. Nothing else is handed
 * over, and nothing there can be changed by anybody but root.
 */
import { chmodSync, lchownSync } from 'node:fs';
import { homePaths, letEnter } from './home';
import { inHome } from './home-failure';

/** A user of the system, who is not root. */
export interface SudoUser {
  readonly uid: number;
  readonly gid: number;
}

const OWNER_WRITES_GROUP_READS = 0o640;
/** What chown(2) takes for an owner or a group that stays as it is. */
const UNCHANGED = -1;

/** The user who typed sudo, if somebody did, and it was not root. */
export function sudoUserIn({ SUDO_UID, SUDO_GID }: NodeJS.ProcessEnv): SudoUser | undefined {
  const [uid, gid] = [SUDO_UID, SUDO_GID].map((id) =>
    /^[1-9]\d{0,9}$/.test(id ?? '') ? Number(id) : undefined,
  );
  return process.geteuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : undefined;
}

/** Gives the socket in root's state folder to the user. @throws LanrageError as {@link inHome} */
export function handSocketTo({ uid }: SudoUser, home: string): void {
  const { socket } = homePaths(home);
  inHome(socket, () => lchownSync(socket, uid, UNCHANGED));
  letEnter(home);
}

/** Lets the user read a file of root's state folder. @throws LanrageError as {@link inHome} */
export function showTo({ gid }: SudoUser, path: string): void {
  inHome(path, () => {
    lchownSync(path, UNCHANGED, gid);
    chmodSync(path, OWNER_WRITES_GROUP_READS);
  });
}
