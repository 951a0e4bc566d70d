// The files of a package for Debian, before they are packed.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from '../setup.mjs';
import { lockedPackage } from './fetch.mjs';

/** A folder that stands for the root of a machine. */
export class Stage {
  /** @param processor as Debian calls it: amd64, arm64 */
  constructor(folder, processor) {
    this.folder = folder;
    this.processor = processor;
  }

  /** Puts a file or folder of this checkout, or one with an absolute path, at a place of the machine; symbolic links stay behind. */
  add(source, target, isWanted = () => true) {
    const from = resolve(root, source);
    const filter = (path) => !lstatSync(path).isSymbolicLink() && isWanted(relative(from, path));
    cpSync(from, this.#place(target), { recursive: true, filter });
  }

  write(target, text, mode = 0o644) {
    writeFileSync(this.#place(target), text, { mode });
  }

  /** Puts koffi, which comes with a library for each processor, below a folder. */
  addKoffi(target) {
    const machine = { amd64: 'x64', arm64: 'arm64' }[this.processor];
    const needed = (path) => !/\.\w+$/.test(path) || /\.cjs$|package\.json$|LICENSE/.test(path);
    const bare = (path) => !/^(doc|vendor|lib)(\/|$)/.test(path) && needed(path);
    this.add(lockedPackage('koffi'), `${target}/koffi`, bare);
    const library = `@koromix/koffi-linux-${machine}`;
    this.add(lockedPackage(library), `${target}/${library}`, (path) => !/^musl|README/.test(path));
    return ['node_modules/koffi', `node_modules/${library}`];
  }

  /** All files but symbolic links, in the order of their names, from the machine's root. */
  files(folder = this.folder) {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return this.files(path);
      return entry.isSymbolicLink() ? [] : [path];
    });
  }

  #place(target) {
    const place = join(this.folder, target);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  }
}

/** The licences of what a package holds, which all want to be handed on. @param folders of npm packages */
export function licencesOf(folders) {
  return folders
    .map((folder) => {
      const path = packageIn(folder);
      const texts = readdirSync(path)
        .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
        .map((name) => readFileSync(join(path, name), 'utf8').trim());
      const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      const text = texts.join('\n\n') || `No text of its own; package.json says: ${license}`;
      return `${'='.repeat(78)}\n${name} ${version}\n\n${text}\n`;
    })
    .join('\n');
}

/** One for another processor is not installed. */
function packageIn(folder) {
  const installed = join(root, folder);
  return existsSync(installed) ? installed : lockedPackage(folder.replace('node_modules/', ''));
}
