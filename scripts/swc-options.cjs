/**
 * How the TypeScript of test/ and apps/ is compiled where nothing is kept of it: with the metadata that Nest's decorators need.
 * @type {import('@swc/core').Options}
 */
module.exports = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
    target: 'es2022',
  },
  module: { type: 'commonjs' },
};
