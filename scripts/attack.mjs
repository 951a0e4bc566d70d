// `npm run attack [-- options]`: sets up, then plays test/attack/main.ts against the compiled apps.
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { requireTypeScript } from './typescript.mjs';

if (!process.argv.includes('--help')) setup();
requireTypeScript()(join(root, 'test/attack/main.ts')).main(process.argv.slice(2));
