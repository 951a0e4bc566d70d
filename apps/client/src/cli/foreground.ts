import { once } from 'node:events';
import type { LanrageError } from '#shared/errors';
import type { Agent } from '../agent/agent';

/** Each must leave the machine as it was: Ctrl-C, a service manager, a terminal that is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Watches for the wish to stop, from now on. Resolves when it comes; signals that follow change nothing. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => signals.forEach((signal) => process.on(signal, () => resolve())));
}

/** Resolves when nobody reads on, as by `lanrage status --watch | head -1`. */
export async function outputClosed(): Promise<void> {
  const [error] = (await once(process.stdout, 'error')) as [NodeJS.ErrnoException];
  if (error.code !== 'EPIPE') throw error;
}

/** Resolves when the party is over, with why if the player did not end it. */
export function partyEnded({ parties }: Agent): Promise<LanrageError | null> {
  return new Promise((resolve) => parties.once('ended', resolve));
}
