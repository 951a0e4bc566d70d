// Makes a checkout ready to run: dependencies, database client, compiled apps. Does only what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const builtStamp = join(root, 'dist/.built');
const sources = [
  'apps',
  'libs',
  'prisma',
  'package.json',
  'scripts/bundle.mjs',
  'scripts/programs.mjs',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

export function setup() {
  refuseOldNode();
  if (!dependenciesInstalled())
    step('Installing dependencies (once, about a minute)', 'npm', [
      'ci',
      '--no-progress',
      '--loglevel=error',
    ]);
  if (newestChange(sources.map((name) => join(root, name))) <= builtAt()) return;
  step('Generating the database client', process.execPath, [join(root, 'scripts/generate.mjs')]);
  step('Compiling', process.execPath, [
    join(root, 'node_modules/@nestjs/cli/bin/nest.js'),
    'build',
    'control',
  ]);
  step('Bundling', process.execPath, [join(root, 'scripts/bundle.mjs')]);
  writeFileSync(builtStamp, '');
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`LANrage needs Node.js 20.19 or newer; this is ${process.version}. See https://nodejs.org`);
  process.exit(1);
}

/** Exact versions are pinned in package.json, so "installed" can be read off the packages themselves. */
function dependenciesInstalled() {
  const { dependencies, devDependencies } = readJson(join(root, 'package.json'));
  return Object.entries({ ...dependencies, ...devDependencies }).every(([name, version]) => {
    const manifest = join(root, 'node_modules', name, 'package.json');
    return existsSync(manifest) && readJson(manifest).version === version;
  });
}

function builtAt() {
  return existsSync(builtStamp) ? statSync(builtStamp).mtimeMs : -Infinity;
}

function newestChange(paths) {
  let newest = 0;
  for (const path of paths) {
    if (!existsSync(path) || path.endsWith('generated')) continue;
    const stat = statSync(path);
    const inner = stat.isDirectory() ? newestChange(readdirSync(path).map((name) => join(path, name))) : 0;
    newest = Math.max(newest, stat.mtimeMs, inner);
  }
  return newest;
}

function step(title, command, args) {
  console.error(`${title} …`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`${title} failed${error ? `: ${error.message}` : ''}. The lines above say why.`);
  process.exit(1);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) setup();
