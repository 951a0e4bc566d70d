/** An image's folder, made by what the Dockerfile's stage copies: no engine, no registry. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copies, root, stage } from '../../operations/dockerfile';

/** @param directory becomes the image's /lanrage; the checkout is compiled */
export function makeImage(image: 'control' | 'relay', directory: string): void {
  for (const { from, sources, target } of copies(stage(image))) {
    if (from === `${image}-packages`) installPackages(image, directory);
    else for (const source of sources) cp(sourcePath(source, from), join(directory, target));
  }
}

/** The program of the image with its arguments, to be run in its folder. */
export function command(image: 'control' | 'relay', instruction: 'CMD' | 'HEALTHCHECK'): string[] {
  const words =
    stage(image)
      .instructions.find(({ name }) => name === instruction)
      ?.words.join(' ') ?? '';
  return JSON.parse(words.slice(words.indexOf('['))) as string[];
}

/** The programs to whose files the image gives capabilities, in the words of setcap(8). */
export function filesWithCapabilities(image: 'relay'): { file: string; capabilities: string }[] {
  const commands = stage(image).instructions.filter(({ name }) => name === 'RUN');
  return commands
    .flatMap(({ words }) => [...words.join(' ').matchAll(/setcap (\S+) (\S+)/g)])
    .map(([, capabilities = '', file = '']) => ({ file, capabilities }));
}

function sourcePath(source: string, from: string | null): string {
  return join(root, from === 'build' ? source.replace(/^\/lanrage\//, '') : source);
}

/** `npm install` of the image's package.json, with the packages that the checkout has. */
function installPackages(image: string, directory: string): void {
  const program = [join(root, 'scripts/runtime-manifest.mjs'), image];
  const manifest = execFileSync(process.execPath, program, { encoding: 'utf8' });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), manifest);
  const wanted = new Set<string>();
  for (const name of dependencies(manifest)) want(name, root, wanted);
  for (const path of wanted) cp(join(root, path), join(directory, path));
}

/** Adds the package and what it needs, as folders below the checkout; those inside another package come with it. */
function want(name: string, dependent: string, wanted: Set<string>): void {
  const nested = join(dependent, 'node_modules', name);
  const path = existsSync(nested) ? nested : join(root, 'node_modules', name);
  if (!existsSync(path) || wanted.has(path.slice(root.length))) return;
  wanted.add(path.slice(root.length));
  for (const next of dependencies(readFileSync(join(path, 'package.json'), 'utf8'))) want(next, path, wanted);
}

function dependencies(manifest: string): string[] {
  const {
    dependencies: needed = {},
    optionalDependencies: optional = {},
    peerDependencies: peers = {},
    peerDependenciesMeta: meta = {},
  } = JSON.parse(manifest) as Record<string, Record<string, { optional?: boolean }>>;
  return [
    ...Object.keys({ ...needed, ...optional }),
    ...Object.keys(peers).filter((peer) => !meta[peer]?.optional),
  ];
}

function cp(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target, { recursive: true, dereference: true });
}
