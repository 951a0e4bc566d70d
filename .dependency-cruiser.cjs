/**
 * Import arrows: app → libs, shell → core; never back, never app → app. In the control plane, a folder imports only from
 * those that stand before it in this list. See docs/architecture.md.
 */
const control = 'apps/control/src/';
const controlFolders = [
  'util/',
  'config.',
  'model/',
  'database/',
  'cluster/',
  'leader-client/',
  'operations/',
  'auth/',
  'sockets/',
  'parties/membership/',
  'parties/passwords/',
  'parties/origins/',
  'parties/hosting/',
  'parties/moderation/',
  'parties/invites/',
  'parties/state/',
  'parties/discovery/',
  'parties/joining/',
  'parties/parties.module.',
  'leader/agents/',
  'leader/relays/',
  'leader/paths/',
  'leader/parties/',
  'leader/live-',
  'duties/',
  'gateways/agents/',
  'gateways/relays/',
  'admin/',
  'page/',
  'app.',
  'main.',
].map((folder) => control + folder);
const anyOf = (folders) => `^(${folders.join('|')})`.replaceAll('.', '\\.');

module.exports = {
  forbidden: [
    ...controlFolders.slice(0, -1).map((folder, place) => ({
      name: `control-imports-downwards: ${folder}`,
      severity: 'error',
      from: { path: anyOf([folder]) },
      to: { path: anyOf(controlFolders.slice(place + 1)) },
    })),
    {
      name: 'control-folder-has-a-place',
      severity: 'error',
      comment: 'A new folder needs a place in controlFolders.',
      from: { path: `^${control}`, pathNot: anyOf(controlFolders) },
      to: {},
    },
    {
      name: 'leader-runs-on-the-leader-alone',
      severity: 'error',
      comment:
        'Only what begins a term reaches the code of the leader; all others call it by leader-client/.',
      from: { path: '^apps/', pathNot: `^${control}(leader|duties)/` },
      to: { path: `^${control}leader/` },
    },
    {
      name: 'no-app-to-app',
      severity: 'error',
      comment: 'Apps meet on the wire, never in an import.',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'shared-stands-alone',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'shared-knows-no-runtime',
      severity: 'error',
      comment: 'libs/shared is pure; libs/runtime has threads and clocks.',
      from: { path: '^libs/shared/' },
      to: { path: '^libs/runtime/' },
    },
    {
      name: 'core-knows-no-shell',
      severity: 'error',
      comment: 'The pure core imports only itself and libs/shared.',
      from: { path: '^apps/([^/]+)/src/core/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^apps/', pathNot: '^apps/$1/src/core/' },
    },
    { name: 'no-circular', severity: 'error', from: { pathNot: '/generated/' }, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '/generated/',
          'main\\.ts$',
          '\\.(e2e-)?spec\\.ts$',
          '^test/.*\\.mjs$',
          '/page/assets/',
        ],
      },
      to: {},
    },
    {
      name: 'production-needs-no-dev-dependency',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: '^node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['types', 'import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
