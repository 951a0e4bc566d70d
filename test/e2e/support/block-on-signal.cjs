// `node --require block-on-signal.cjs …`: on SIGUSR2 the event loop of the process stands still for good: in a loop of
// JavaScript, or, with BLOCK=native in the environment, in a system call that waits for standard input. With PIDS in the
// environment, the process writes its id to PIDS/control or PIDS/relay, if it is one of the apps.
const { readSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { isMainThread } = require('node:worker_threads');

function blockForGood() {
  if (process.env.BLOCK === 'native') readSync(0, Buffer.alloc(1));
  // Naps leave the processor to others: the loop stands still all the same.
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(cell, 0, 0, 20);
}

if (isMainThread) {
  process.on('SIGUSR2', blockForGood);
  const app = /dist\/(control|relay)\.js$/.exec(process.argv[1])?.[1];
  if (process.env.PIDS && app) writeFileSync(join(process.env.PIDS, app), String(process.pid));
}
