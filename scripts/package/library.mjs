// The library, for programs of others: one file, its types, and a manifest that asks for nothing else of the server's.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../setup.mjs';
import { lockedEntry } from './fetch.mjs';
import { run } from './run.mjs';

const program = join(root, 'dist/library.js');
const ENTRY = 'apps/client/src/index.d.ts';
/** How the sources name each other's folders. */
const aliases = { '#shared/': 'libs/shared/src/', '#runtime/': 'libs/runtime/src/' };
/** Beside the library's one file: koffi comes with libraries of its own, and the types use those of zod. */
const needed = ['koffi', 'zod'];

/** @returns the path of what `npm install` takes */
export function makeLibrary({ name, version, description, license, engines }, output) {
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-library-'));
  try {
    addTypes(folder);
    const dependencies = Object.fromEntries(
      needed.map((one) => [one, lockedEntry(`node_modules/${one}`).version]),
    );
    const manifest = {
      ...{ name, version, description, license, type: 'commonjs', engines },
      // Modules import names, which Node does not find in a bundle.
      exports: {
        '.': { types: `./types/${ENTRY}`, import: './dist/library.mjs', default: './dist/library.js' },
      },
      imports: Object.fromEntries(
        Object.entries(aliases).map(([alias, place]) => [`${alias}*`, { types: `./types/${place}*.d.ts` }]),
      ),
      dependencies,
      peerDependencies: { '@types/node': '>=20' },
      peerDependenciesMeta: { '@types/node': { optional: true } },
    };
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/library.js'), withoutMap(readFileSync(program, 'utf8')));
    const names = Object.keys(createRequire(import.meta.url)(program)).join(', ');
    const module = `import library from './library.js';\nexport const { ${names} } = library;\n`;
    writeFileSync(join(folder, 'dist/library.mjs'), module);
    copyFileSync(join(root, 'packaging/library/README.md'), join(folder, 'README.md'));
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    run('npm', ['pack', '--silent', '--pack-destination', output], folder);
    return join(output, `${name}-${version}.tgz`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutMap(code) {
  return code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
}

/** Those that the entry leads to, and no others. */
function addTypes(folder) {
  const all = mkdtempSync(join(tmpdir(), 'lanrage-types-'));
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    run(process.execPath, [compiler, '--project', 'packaging/library', '--outDir', all], root);
    for (const file of reachable(ENTRY, (path) => readFileSync(join(all, path), 'utf8'))) {
      mkdirSync(join(folder, 'types', dirname(file)), { recursive: true });
      copyFileSync(join(all, file), join(folder, 'types', file));
    }
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}

function reachable(file, read, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, target] of read(file).matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
    const place = placeOf(target, file);
    if (place) reachable(place, read, seen);
  }
  return seen;
}

/** @returns undefined for a package's */
function placeOf(target, from) {
  if (target.startsWith('.')) return `${join(dirname(from), target)}.d.ts`;
  const alias = Object.keys(aliases).find((one) => target.startsWith(one));
  return alias && `${aliases[alias]}${target.slice(alias.length)}.d.ts`;
}
