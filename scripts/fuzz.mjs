// `npm run fuzz:NAME [-- options]`: sets up, then runs test/fuzz/NAME.ts.
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { requireTypeScript } from './typescript.mjs';

const [name, ...args] = process.argv.slice(2);
if (!args.includes('--help')) setup();
requireTypeScript()(join(root, `test/fuzz/${name}.ts`)).main(args);
