#!/usr/bin/env node
// The `lanrage-admin` command, for the operator of a server.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/lanrage-admin.js', import.meta.url));
if (!existsSync(main)) {
  console.error('LANrage is not built yet. Run this first: npm run setup');
  process.exit(1);
}
createRequire(import.meta.url)(main);
