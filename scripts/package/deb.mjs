// Packages for Debian and the like.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../setup.mjs';
import { run } from './run.mjs';

/**
 * Packs a stage. The same files make the same bytes.
 * @param control the fields of the package, besides those that follow from its files; see deb-control(5)
 * @param scripts the folder of this checkout that has postinst and the like
 * @param isFast packs without compressing, for tests
 * @returns the path of the package
 */
export function makeDeb(stage, control, { scripts, output, date, isFast }) {
  const meta = join(stage.folder, 'DEBIAN');
  const files = stage.files();
  // The umask of the builder says nothing.
  for (const file of files) chmodSync(file, statSync(file).mode & 0o111 ? 0o755 : 0o644);
  openFolders(stage.folder);
  mkdirSync(meta, { mode: 0o755 });
  const size = files.reduce((sum, file) => sum + Math.ceil(statSync(file).size / 1024), 0);
  const fields = { ...control, Architecture: stage.processor, 'Installed-Size': size };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(join(meta, 'control'), lines.join(''), { mode: 0o644 });
  const sums = files.map((file) => `${hashOf(file, 'md5')}  ${relative(stage.folder, file)}\n`);
  writeFileSync(join(meta, 'md5sums'), sums.join(''), { mode: 0o644 });
  for (const name of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(root, scripts, name), join(meta, name));
    chmodSync(join(meta, name), 0o755);
  }
  const path = join(output, `${control.Package}_${control.Version}_${stage.processor}.deb`);
  // By one thread: several would cut the archive elsewhere, depending on the machine.
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(date), DPKG_DEB_THREADS_MAX: '1' };
  const compression = isFast ? ['-Znone'] : ['-Zxz', '-z6'];
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage.folder, path], root, env);
  return path;
}

/** @returns in hexadecimal digits */
export function hashOf(file, algorithm) {
  return createHash(algorithm).update(readFileSync(file)).digest('hex');
}

function openFolders(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) openFolders(join(folder, entry.name));
}
