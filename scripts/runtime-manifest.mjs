// `node scripts/runtime-manifest.mjs APP`: prints the package.json with which the compiled app runs on its own, for the
// images: of the dependencies only those that its files import.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** What Nest loads by name or wants beside itself, and so no file of ours need import. */
const besideNest = ['@nestjs/platform-express', '@nestjs/platform-socket.io', 'reflect-metadata', 'rxjs'];

export function runtimeManifest(app) {
  const { name, version, license, type, engines, imports, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const imported = new Set(
    [`dist/apps/${app}`, 'dist/libs'].flatMap((folder) => importsOf(join(root, folder))),
  );
  const needed = [...imported, ...(imported.has('@nestjs/core') ? besideNest : [])];
  const missing = needed.filter((found) => !(found in dependencies));
  if (missing.length > 0) throw new Error(`Not among the dependencies: ${missing.join(', ')}`);
  const ours = Object.fromEntries(Object.entries(dependencies).filter(([found]) => needed.includes(found)));
  return { name, version, license, private: true, type, engines, imports, dependencies: ours };
}

const importPattern = /\b(?:require|import)\(["']([^"'.#][^"']*)["']\)/g;

/** The packages that the JavaScript files below a folder import. */
function importsOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(importPattern)])
    .map(([, specifier]) => specifier.match(/^(?:@[^/]+\/)?[^/]+/)[0])
    .filter((found) => !found.startsWith('node:') && !builtinModules.includes(found));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(JSON.stringify(runtimeManifest(process.argv[2]), null, 2));
