/** The thread of watchdog.ts. Nothing here may wait for the main thread, which is the one that stands still. */
import { readFileSync, write } from 'node:fs';
import { Session, type Debugger } from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { afterTick, noSilence } from './silence';
import type { WatchdogTask } from './watchdog';

const TICK_MS = 1000;
/** Longer than it takes to collect the garbage of a heap of gigabytes, or to be swapped in. */
const LONGEST_SILENCE_TICKS = 10;
/**
 * How long the main thread gets to say where it is. It answers at once while it runs JavaScript, but first all scripts are
 * listed, which takes seconds for a large server on a busy machine.
 */
const STACK_PATIENCE_MS = 5000;
/** How long it may take to write the message: the reader of our stderr may be what everything waits for. */
const WRITE_PATIENCE_MS = 1000;
const STDERR = 2;

const { beats } = workerData as WatchdogTask;
let silence = noSilence;

const ticks = setInterval(() => {
  silence = afterTick(silence, Atomics.load(beats, 0));
  if (silence.ticks < LONGEST_SILENCE_TICKS) return;
  clearInterval(ticks);
  void endProcess();
}, TICK_MS);

async function endProcess(): Promise<void> {
  const where = (await mainStack()) ?? [whereWithoutStack()];
  const seconds = (silence.ticks * TICK_MS) / 1000;
  const lines = [
    `watchdog: the event loop stood still for ${seconds} s, so this process ends itself. The main thread was:`,
    ...where.map((line) => `    ${line}`),
  ];
  setTimeout(kill, WRITE_PATIENCE_MS);
  write(STDERR, `${lines.join('\n')}\n`, kill);
}

/** Not by abort: a dump of the memory would hold every secret of the server. */
function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** @returns innermost first; undefined when the main thread executes no JavaScript */
function mainStack(): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), STACK_PATIENCE_MS);
    const session = new Session();
    session.connectToMainThread();
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) =>
      resolve(params.callFrames.map(({ functionName, location }) => frameText(functionName, location, urls))),
    );
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}

function frameText(
  functionName: string,
  { scriptId, lineNumber, columnNumber = 0 }: Debugger.Location,
  urls: ReadonlyMap<string, string>,
): string {
  const place = `${urls.get(scriptId) ?? 'unknown'}:${lineNumber + 1}:${columnNumber + 1}`;
  return `at ${functionName || '<anonymous>'} (${place})`;
}

/** What can be said of a main thread that gave no stack. Linux alone tells what a thread waits for. */
function whereWithoutStack(): string {
  const seconds = STACK_PATIENCE_MS / 1000;
  try {
    const name = readFileSync(`/proc/self/task/${process.pid}/wchan`, 'utf8');
    if (name !== '0') return `in native code, or in the kernel: ${name}`;
    return `busy, and gave no stack within ${seconds} s: in native code, or on an overloaded machine`;
  } catch {
    return `unknown: it gave no stack within ${seconds} s`;
  }
}
