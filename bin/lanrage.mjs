#!/usr/bin/env node
// The `lanrage` command: runs the compiled agent.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/lanrage.js', import.meta.url));
if (!existsSync(main)) {
  console.error('LANrage is not built yet. Run this first: npm run setup');
  process.exit(1);
}
createRequire(import.meta.url)(main);
