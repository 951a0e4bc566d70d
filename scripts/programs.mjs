// The programs of this checkout: `dist/NAME.js` holds one with all packages but those that come with files beside their code.
// Commands have usual arguments: what they compile for those is kept, see bin/load-program.mjs.

export const programs = {
  control: { entry: 'apps/control/src/main.js', packages: ['swagger-ui-dist'] },
  relay: { entry: 'apps/relay/src/main.js', packages: ['koffi'] },
  lanrage: { entry: 'apps/client/src/cli/main.js', packages: ['koffi'], usual: ['status'] },
  library: { entry: 'apps/client/src/index.js', packages: ['koffi'] },
  'lanrage-admin': { entry: 'apps/control/src/admin/cli/main.js', packages: [], usual: ['--help'] },
};
