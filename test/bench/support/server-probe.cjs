// Loaded into the control plane's process before its own code: what only that process can say of itself.
const { setFlagsFromString } = require('node:v8');
const { setTimeout: sleep } = require('node:timers/promises');
const { watchLoop } = require('./loop-watch.cjs');

const COLLECTIONS = 3;
/** Timers and finalizers run in between, and free what the next one collects. */
const PAUSE_MS = 200;

/** Every so often so much garbage that collections fall into whatever else runs. */
const PRESSURE = { everyMs: 5, objects: 1000 };

let loop = null;

process.on('message', async (message) => {
  if (message === 'pressure')
    setInterval(() => Array.from({ length: PRESSURE.objects }, (_, index) => ({ index })), PRESSURE.everyMs);
  if (message === 'watch') loop = watchLoop();
  if (message === 'loop') process.send(loop);
  if (message !== 'memory') return;
  const standing = process.memoryUsage();
  // Otherwise V8 keeps pages that are almost empty, and the figure depends on how the process came to be where it is.
  setFlagsFromString('--compact-on-every-full-gc');
  for (let turn = 0; turn < COLLECTIONS; turn++) {
    globalThis.gc();
    await sleep(PAUSE_MS);
  }
  setFlagsFromString('--no-compact-on-every-full-gc');
  process.send({ standing, collected: process.memoryUsage() });
});
