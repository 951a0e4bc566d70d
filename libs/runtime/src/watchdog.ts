/**
 * Ends a process whose event loop stands still, so that whatever supervises the process starts it again. A lock that never
 * opens or a loop that never ends cannot be noticed from inside that loop: a thread of its own watches.
 */
import { url as inspectorUrl } from 'node:inspector';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UNWATCHED } from './silence';

const BEAT_MS = 1000;
/** So that the count fits into 32 bits with its sign. */
const MOST_BEATS = 0x7fff_ffff;

/** What the watching thread is told at its start. */
export interface WatchdogTask {
  /** One number: how often the event loop came around. Wraps around, past {@link UNWATCHED}. */
  readonly beats: Int32Array;
}

/** Watches this thread from now on. Does not keep the process alive. */
export function startWatchdog(): void {
  if (process.pid === 1) console.warn('watchdog: cannot end process 1; use an init, as by docker run --init');
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let count = 0;
  const beat = () => {
    count = count === MOST_BEATS ? 1 : count + 1;
    // A debugger may stop this thread.
    Atomics.store(beats, 0, inspectorUrl() === undefined ? count : UNWATCHED);
  };
  beat();
  setInterval(beat, BEAT_MS).unref();
  const thread = new Worker(join(__dirname, 'watchdog-thread.js'), {
    name: 'watchdog',
    workerData: { beats } satisfies WatchdogTask,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  thread.unref();
}
