import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { comments } from './scripts/comment-rule.mjs';

/**
 * Pure code: values in, values out. No socket, file, timer, clock, randomness, environment or logger;
 * time arrives as an argument. See docs/architecture.md, "Pure core, thin shell".
 */
const pureFiles = [
  'libs/shared/src/**/*.ts',
  'libs/runtime/src/silence.ts',
  'apps/*/src/core/**/*.ts',
  'apps/*/src/**/*.rules.ts',
  'apps/control/src/auth/own-names.ts',
  'apps/control/src/cluster/{election,one-time-book}.ts',
  'apps/control/src/admin/{relay-view,cli/rendering}.ts',
  'apps/control/src/gateways/relays/announced-addresses.ts',
  'apps/control/src/leader/agents/{presence,presence-schedule}.ts',
  'apps/control/src/leader/parties/{revisions,roster}.ts',
  'apps/control/src/leader/paths/coordination.ts',
  'apps/control/src/leader/relays/{audit,carried,lingering,liveness,name-claims,reach,selection,shares,switching}.ts',
  'apps/control/src/model/{relay-facts,shown}.ts',
  'apps/control/src/operations/address-turns.ts',
  'apps/control/src/parties/passwords/fair-queue.ts',
  'apps/control/src/sockets/{address-book,conversation,once-a-while}.ts',
  'apps/control/src/util/budget-of-each.ts',
  'apps/relay/src/fastpath/{flow,flow-table}.ts',
  'apps/relay/src/fastpath/bpf/{assembler,elements,program}.ts',
  'apps/relay/src/fastpath/nft/{departures,firewall,passage,ruleset}.ts',
  'apps/relay/src/stun/{limits,responder}.ts',
  'apps/relay/src/udp/native/socket-address.ts',
  'apps/client/src/nat/{classification,own-candidates}.ts',
  'apps/client/src/nat/gateway/{igd,mapping,nat-pmp,pcp,routes,schedule,xml}.ts',
  'apps/client/src/nat/{offer,relay-figures,udp-reach}.ts',
  'apps/client/src/connection/{attempt,candidates,causes,explanation,liveness,packet-size,path,progress,search,vantage}.ts',
  'apps/client/src/own-server/reach.ts',
  'apps/client/src/party/{membership,neighbours,state-mirror}.ts',
  'apps/client/src/party/{open-link,party}.ts',
  'apps/client/src/party/vouching.ts',
  'apps/client/src/control/reconnection.ts',
  'apps/client/src/discovery/{bpf,carriage,deaf-listeners,filter,flows,neighbours,packet,ports}.ts',
  'apps/client/src/discovery/games/{engine-readers,fields,game-readers,games-filter,known-servers,questions,recognition,sighting}.ts',
  'apps/client/src/network/ipv4/{nat64-prefix,translation}.ts',
  'apps/client/src/network/tunnel-message.ts',
  'apps/client/src/network/guard/{exposure,ruleset}.ts',
  'apps/client/src/network/firewall/{evaluation,iptables-rules,ipv4-match,nft-match,nft-rules}.ts',
  'apps/client/src/network/ports/{listeners,port-report}.ts',
  'apps/client/src/network/routing/{clash,ipv4-network,reading,tunnel-state}.ts',
  'apps/client/src/network/uapi.ts',
  'apps/client/src/network/wireguard-go-failure.ts',
  'apps/client/src/agent/{event-log,invitation,local-guard,sse}.ts',
  'apps/client/src/page/model.ts',
  'apps/client/src/doctor/{discovery-findings,finding,findings,nat-texts,network-report,peer-findings,port-findings,silence-findings,tunnel-findings}.ts',
  'apps/client/src/cli/{completion,desktop-entry,doctor-rendering,event-rendering,host-rendering,log-rendering,overview-rendering,party-rendering,password-rules,reasons,rendering,watch-screen}.ts',
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

/** Node 20's export of a JSON Web Key can lock the process forever; docs/adr/0009-a-server-that-freezes.md has more. */
const lockingCryptography = [
  {
    selector: 'Literal[value=/^jwk$/i]',
    message: 'Raw X25519 keys come from and go to #shared/auth/proof; a JWK can lock the process.',
  },
  {
    selector: 'Identifier[name=/^generateKeyPair(Sync)?$/]',
    message: 'A private key is 32 random bytes; a key that Node generates can lock the process.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/generated/', 'data/', 'coverage/'] },
  js.configs.recommended,
  {
    plugins: { lanrage: { rules: { comments } } },
    rules: { 'lanrage/comments': 'error', 'no-restricted-syntax': ['error', ...lockingCryptography] },
  },
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
    rules: { 'no-restricted-syntax': ['error', ...lockingCryptography, readsEnvironment] },
  },
  {
    // What is live is a matter of durations: a clock that is set must not end them, or put off their end.
    files: ['apps/control/src/{gateways,leader,leader-client}/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'performance.now() measures durations.' },
      ],
    },
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
        ...lockingCryptography,
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
