// Loaded into the control plane's process before its own code: what only that process can say of itself.
process.on('message', (message) => {
  if (message !== 'memory') return;
  // Twice: what the first one finalizes, the second one frees.
  globalThis.gc();
  globalThis.gc();
  process.send({ memory: process.memoryUsage() });
});
