// `npm run fuzz:NAME [-- options]`: sets up, then runs test/fuzz/NAME.ts. By swc, as
// jest has it.
import { transformFileSync } from '@swc/core';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const swc = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};
Module._extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, swc).code, file);
process.setSourceMapsEnabled(true);

const [name, ...args] = process.argv.slice(2);
if (!args.includes('--help')) setup();
createRequire(import.meta.url)(join(root, `test/fuzz/${name}.ts`)).main(args);
