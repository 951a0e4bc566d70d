import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process, told apart from a later one with the same pid by its start time. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** In clock ticks since boot; null where the system does not tell. */
  startTicks: z.int().nullable(),
});
export type ProcessIdentity = z.output<typeof processIdentitySchema>;

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTicks: readStartTicks(pid) };
}

/** Whether exactly this process still runs. */
export function isRunning({ pid, startTicks }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return readStartTicks(pid) === startTicks;
}

/** proc_pid_stat(5): field 22, counted behind the command name, which may hold anything. A zombie is gone. */
function readStartTicks(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : Number(fields[19]);
}
