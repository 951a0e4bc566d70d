/** Lets programs of other users use the machine's agent, root's or a package's: those of a group, where the system has it. */
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { homePaths, letEnter, ROOT_HOME } from '../home';
import { inHome } from '../home-failure';

/** The group whose members may steer the machine's agent, see docs/local-api.md. */
const GROUP = 'lanrage';
/** Name, password, number and members of each group, see group(5). */
const GROUPS = '/etc/group';
const GROUP_CONNECTS = 0o660;

/** What chown(2) takes for an owner that stays as it is. */
const UNCHANGED = -1;

/** Nothing happens for a player's own agent, and where there is no such group. @throws LanrageError as {@link inHome} */
export function admitGroup(home: string): void {
  const gid = numberOf(GROUP);
  if (gid === undefined || !(process.geteuid?.() === 0 || isService(home, gid))) return;
  const { socket } = homePaths(home);
  inHome(socket, () => {
    chownSync(socket, UNCHANGED, gid);
    chmodSync(socket, GROUP_CONNECTS);
  });
  letEnter(home);
}

/** Whether this agent is the one that a package installed, which runs as a user of that group. */
function isService(home: string, gid: number): boolean {
  return home === ROOT_HOME && process.getegid?.() === gid;
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
