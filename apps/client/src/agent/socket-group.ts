/** Lets programs that are not root's use root's agent: those of a group, where the system has it. */
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { homePaths, letEnter } from '../home';
import { inHome } from '../home-failure';

/** The group whose members may steer an agent of root's, see docs/local-api.md. */
const GROUP = 'lanrage';
/** Name, password, number and members of each group, see group(5). */
const GROUPS = '/etc/group';
const GROUP_CONNECTS = 0o660;

/** Nothing happens for an agent that is not root's, and where there is no such group. @throws LanrageError as {@link inHome} */
export function admitGroup(home: string): void {
  const gid = process.geteuid?.() === 0 ? numberOf(GROUP) : undefined;
  if (gid === undefined) return;
  const { socket } = homePaths(home);
  inHome(socket, () => {
    chownSync(socket, 0, gid);
    chmodSync(socket, GROUP_CONNECTS);
  });
  letEnter(home);
}

function numberOf(group: string): number | undefined {
  try {
    const line = readFileSync(GROUPS, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${group}:`));
    const gid = Number(line?.split(':')[2]);
    return Number.isInteger(gid) && gid > 0 ? gid : undefined;
  } catch {
    // A system without such a list has no such group either.
    return undefined;
  }
}
