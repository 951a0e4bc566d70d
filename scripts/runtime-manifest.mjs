// `node scripts/runtime-manifest.mjs PROGRAM`: prints the package.json with which the program runs on its own, for the images.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs } from './programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const { name, version, license, type, engines } = readJson('package.json');
const dependencies = Object.fromEntries(
  programs[process.argv[2]].packages.map((needed) => [
    needed,
    readJson(`node_modules/${needed}/package.json`).version,
  ]),
);
console.log(JSON.stringify({ name, version, license, private: true, type, engines, dependencies }, null, 2));
