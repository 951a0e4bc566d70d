/**
 * Removes what a lab made, whatever happened to the process that made it.
 *
 * A small shell script, the guardian, holds the read end of a pipe whose write end only the owner has. When the pipe
 * closes (the lab was closed, or the owner exited, crashed or was killed) the guardian kills every process in the
 * lab's namespaces and deletes them. Should the guardian have been killed too, the next lab sweeps up after it.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { Socket } from 'node:net';

const NETNS_DIRECTORY = '/run/netns';

/** How names begin: `lr-<owner's pid>-<owner's start time>-<random>-…`, all in base 36. */
export interface LabId {
  readonly namespacePrefix: string;
  /** Short, because device names have at most 15 characters. */
  readonly interfacePrefix: string;
}

export function newLabId(): LabId {
  const random = randomInt(36 ** 4, 36 ** 5).toString(36);
  return labId(process.pid.toString(36), startTime(process.pid) ?? '0', random);
}

function labId(pid: string, started: string, random: string): LabId {
  return { namespacePrefix: `lr-${pid}-${started}-${random}-`, interfacePrefix: `wg-${random}-` };
}

/** The guardian of one lab. */
export class Guardian {
  private readonly child: ChildProcess;

  constructor(private readonly id: LabId) {
    this.child = startCleanup(id, 'pipe');
    this.child.unref();
    (this.child.stdin as Socket).unref();
  }

  /**
   * Cleans up now.
   *
   * @throws Error when a namespace is left.
   */
  async finish(): Promise<void> {
    this.child.ref();
    this.child.stdin?.end();
    await ended(this.child);
    const left = namespaces().filter((name) => name.startsWith(this.id.namespacePrefix));
    if (left.length > 0) throw new Error(`Namespaces were not removed: ${left.join(', ')}`);
  }
}

/** Cleans up after labs whose owner is dead. */
export async function sweepDeadLabs(): Promise<void> {
  const dead = new Map<string, LabId>();
  for (const name of namespaces()) {
    const [, pid, started, random] = /^lr-(\w+)-(\w+)-(\w+)-/.exec(name) ?? [];
    if (!pid || !started || !random || startTime(parseInt(pid, 36)) === started) continue;
    const id = labId(pid, started, random);
    dead.set(id.namespacePrefix, id);
  }
  await Promise.all([...dead.values()].map((id) => ended(startCleanup(id, 'ignore'))));
}

function namespaces(): string[] {
  return existsSync(NETNS_DIRECTORY) ? readdirSync(NETNS_DIRECTORY) : [];
}

/** When a process started, to tell it from a later one with the same pid; undefined when there is none. */
function startTime(pid: number): string | undefined {
  try {
    // proc_pid_stat(5): starttime is field 22; field 2, the name, may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return Number(ticks).toString(36);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

/**
 * Waits for the end of its input, then cleans up. A killed process is listed until it is gone for good, so the loop
 * also waits for that; its bound is there for a process that cannot die.
 */
const cleanupScript = `
trap '' HUP INT TERM
cat > /dev/null
cd ${NETNS_DIRECTORY} 2> /dev/null || exit 0
for name in "$1"*; do
  [ -e "$name" ] || continue
  for attempt in $(seq 500); do
    pids=$(ip netns pids "$name" 2> /dev/null)
    [ -n "$pids" ] || break
    kill -KILL $pids 2> /dev/null
    sleep 0.01
  done
  ip netns delete "$name" 2> /dev/null
  rm -rf "/etc/netns/$name"
done
rm -f /var/run/wireguard/"$2"*.sock
`;

function startCleanup(id: LabId, stdin: 'pipe' | 'ignore'): ChildProcess {
  const argv = ['-c', cleanupScript, 'lab-guardian', id.namespacePrefix, id.interfacePrefix];
  // Detached: Ctrl-C reaches a whole process group.
  return spawn('sh', argv, { stdio: [stdin, 'ignore', 'inherit'], detached: true });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
}
