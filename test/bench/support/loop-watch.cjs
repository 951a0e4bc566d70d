// Tells apart why an event loop stood still: by itself, or because the machine had no processor for it. Loaded by the
// process that is watched; somebody outside has to see whether it ever comes back.
const { readFileSync } = require('node:fs');

const TICK_MS = 100;
const STALL_MS = 1000;

/**
 * Milliseconds for which this thread was ready to run and had no processor, since its start, as the kernel counts them. A
 * thread that waits for a lock or is stopped is not ready to run. Linux only; 0 elsewhere, so that every stall counts.
 */
function waitedMs() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** @returns what was seen until now, as the object changes: times in milliseconds */
function watchLoop() {
  const seen = { stalls: 0, longestMs: 0, machineStalls: 0 };
  let [lastMs, lastWaitedMs] = [performance.now(), waitedMs()];
  setInterval(() => {
    const [nowMs, nowWaitedMs] = [performance.now(), waitedMs()];
    const silentMs = nowMs - lastMs - TICK_MS;
    const ownMs = silentMs - (nowWaitedMs - lastWaitedMs);
    if (ownMs > STALL_MS) seen.stalls += 1;
    else if (silentMs > STALL_MS) seen.machineStalls += 1;
    seen.longestMs = Math.max(seen.longestMs, ownMs);
    [lastMs, lastWaitedMs] = [nowMs, nowWaitedMs];
  }, TICK_MS).unref();
  return seen;
}

module.exports = { watchLoop };
