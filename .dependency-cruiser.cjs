/** Import arrows: app → libs, shell → core; never back, never app → app. See docs/architecture.md. */
module.exports = {
  forbidden: [
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
