/**
 * Tells a thread that stands still from a whole process that does. The watcher counts its own ticks, not seconds: while the
 * whole process is stopped (SIGSTOP, a suspended laptop, a paused virtual machine) it does not tick either.
 */
export interface Silence {
  /** The last count of the watched thread's beats. */
  readonly beats: number;
  /** The watcher's ticks since that count changed. */
  readonly ticks: number;
}

/** In place of a count of beats: the thread may stand still for as long as it likes. */
export const UNWATCHED = 0;

export const noSilence: Silence = { beats: UNWATCHED, ticks: 0 };

/** What is known one tick later. */
export function afterTick(silence: Silence, beats: number): Silence {
  const isSilent = beats === silence.beats && beats !== UNWATCHED;
  return { beats, ticks: isSilent ? silence.ticks + 1 : 0 };
}
