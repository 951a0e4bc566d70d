const { availableParallelism } = require('node:os');
const swc = require('./scripts/swc-options.cjs');

/** ESM-only packages that Jest must turn into CommonJS like our own sources. */
const esmPackages = [
  '@nestjs',
  '@noble',
  'ansi-regex',
  'file-type',
  'get-east-asian-width',
  'string-width',
  'strip-ansi',
  'strtok3',
  'token-types',
  '@tokenizer',
  'uint8array-extras',
  '@borewit',
];

/** @type {import('jest').Config} */
const project = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '\\.(?:ts|mjs|js)$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(?:${esmPackages.join('|')})/)(?!.*\\.mjs$)`],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
  moduleNameMapper: { '^#(shared|runtime)/(.*)$': '<rootDir>/libs/$1/src/$2' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

/** @type {import('jest').Config} */
module.exports = {
  // End-to-end tests often wait: four at a time, even on two cores.
  maxWorkers: Math.max(4, availableParallelism() - 1),
  testSequencer: '<rootDir>/test/longest-first.cjs',
  // Milliseconds. Only what hangs is to fail by time: a busy machine may take long for anything.
  testTimeout: 30_000,
  projects: [
    // Pure code, no sockets, no sleeps: the tests of `npm run check`.
    {
      ...project,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/apps/**/*.spec.ts',
        '<rootDir>/libs/**/*.spec.ts',
        '<rootDir>/test/property/**/*.spec.ts',
        '<rootDir>/test/vectors/**/*.spec.ts',
        '<rootDir>/test/docs/**/*.spec.ts',
        '<rootDir>/test/operations/**/*.spec.ts',
      ],
    },
    // Real PostgreSQL, real sockets, real WireGuard behind real NATs.
    {
      ...project,
      displayName: 'e2e',
      globalSetup: '<rootDir>/test/prepare-database.cjs',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts', '<rootDir>/test/lab/**/*.e2e-spec.ts'],
    },
  ],
};
