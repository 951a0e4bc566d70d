// Lets this process load the TypeScript of test/ and apps/, as jest does. `#shared/…` is the compiled libs/shared, so `setup()`
// comes first.
import { transformFileSync } from '@swc/core';
import Module, { createRequire } from 'node:module';
import swcOptions from './swc-options.cjs';

const swc = { ...swcOptions, sourceMaps: 'inline', swcrc: false };

/** @returns a `require` that also takes TypeScript files */
export function requireTypeScript() {
  Module._extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, swc).code, file);
  process.setSourceMapsEnabled(true);
  return createRequire(import.meta.url);
}
