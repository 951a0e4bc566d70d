// Lets this process load the TypeScript of test/ and apps/, as jest does: by swc, with the metadata that Nest's
// decorators need. `#shared/…` is the compiled libs/shared, so `setup()` comes first.
import { transformFileSync } from '@swc/core';
import Module, { createRequire } from 'node:module';

const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
    target: 'es2022',
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};

/** @returns a `require` that also takes TypeScript files */
export function requireTypeScript() {
  Module._extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, swc).code, file);
  process.setSourceMapsEnabled(true);
  return createRequire(import.meta.url);
}
