// `npm run bench:NAME [-- --json --check]`: sets up, then runs test/bench/NAME.ts against the compiled apps.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

setup();
const [name, ...args] = process.argv.slice(2);
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
const { status } = spawnSync(process.execPath, [tsx, join(root, `test/bench/${name}.ts`), ...args], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
