import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/**
 * Pure code: values in, values out. No socket, file, timer, clock, randomness, environment or logger;
 * time arrives as an argument. See docs/architecture.md, "Pure core, thin shell".
 */
const pureFiles = [
  'libs/shared/src/**/*.ts',
  'apps/*/src/core/**/*.ts',
  'apps/*/src/**/*.rules.ts',
  'apps/control/src/cluster/{election,one-time-book}.ts',
  'apps/control/src/admin/{relay-view,cli/rendering}.ts',
  'apps/control/src/signaling/coordination.ts',
  'apps/control/src/signaling/presence.ts',
  'apps/control/src/relays/selection.ts',
  'apps/control/src/relays/switching.ts',
  'apps/control/src/relays/liveness.ts',
  'apps/control/src/relays/lingering.ts',
  'apps/relay/src/fastpath/{flow,flow-table}.ts',
  'apps/relay/src/fastpath/bpf/{assembler,elements,program}.ts',
  'apps/relay/src/fastpath/nft/{departures,firewall,passage,ruleset}.ts',
  'apps/relay/src/stun/{limits,responder}.ts',
  'apps/relay/src/udp/native/socket-address.ts',
  'apps/client/src/nat/{classification,own-candidates}.ts',
  'apps/client/src/nat/gateway/{igd,mapping,nat-pmp,pcp,routes,schedule,xml}.ts',
  'apps/client/src/nat/relay-figures.ts',
  'apps/client/src/connection/{attempt,candidates,explanation,liveness,path,progress,search}.ts',
  'apps/client/src/party/membership.ts',
  'apps/client/src/party/party.ts',
  'apps/client/src/party/vouching.ts',
  'apps/client/src/control/reconnection.ts',
  'apps/client/src/network/tunnel-message.ts',
  'apps/client/src/network/uapi.ts',
  'apps/client/src/cli/{doctor-rendering,finding,findings,nat-texts,party-rendering,peer-findings,reasons,rendering,watch-screen}.ts',
];

const impureModules = [
  'dgram',
  'net',
  'fs',
  'fs/promises',
  'http',
  'https',
  'tls',
  'dns',
  'os',
  'child_process',
  'timers',
  'timers/promises',
  'perf_hooks',
  'worker_threads',
  'process',
].flatMap((name) => [name, `node:${name}`]);

const readsEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Settings are read once, in the app's config.ts.",
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/generated/', 'data/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['**/config.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', readsEnvironment] },
  },
  {
    files: pureFiles,
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: impureModules.map((name) => ({ name, message: 'Pure code does no I/O.' })) },
      ],
      'no-restricted-globals': [
        'error',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'process',
        'console',
        'performance',
        'fetch',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is an argument.' },
        { object: 'Math', property: 'random', message: 'Randomness is an argument.' },
      ],
      'no-restricted-syntax': [
        'error',
        readsEnvironment,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time is an argument.',
        },
        { selector: 'ImportSpecifier[imported.name=/^random/]', message: 'Randomness is an argument.' },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.e2e-spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['apps/control/src/page/assets/*.js'],
    languageOptions: { globals: globals.browser },
  },
  prettier,
);
