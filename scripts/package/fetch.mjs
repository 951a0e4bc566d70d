// Packages of npm whose exact bytes are known: those of the lock file, and the one that has Node for a processor.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { run } from './run.mjs';

const cache = join(root, 'node_modules/.cache/lanrage-packages');

/**
 * The folder of a package, which is fetched once.
 * @param integrity as in a lock file: `sha512-`, and the hash in base64
 * @throws Error when npm cannot fetch it, or has other bytes
 */
export function fetchPackage(name, version, integrity) {
  const place = join(cache, createHash('sha256').update(integrity).digest('hex').slice(0, 32));
  if (existsSync(place)) return place;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetching-'));
  try {
    run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', work], work);
    const archive = join(work, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity)
      throw new Error(`${name}@${version} is not what is pinned: ${found} in place of ${integrity}.`);
    run('tar', ['--extract', '--gzip', '--file', archive, '--no-same-owner'], work);
    // Another run may have been faster.
    if (!existsSync(place)) renameSync(join(work, 'package'), place);
    return place;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The folder of a package that the lock file pins: the installed one, or, if it is for another processor, a fetched one. */
export function lockedPackage(name) {
  const installed = join(root, 'node_modules', name);
  if (existsSync(installed)) return installed;
  const { version, integrity } = lockedEntry(`node_modules/${name}`);
  return fetchPackage(name, version, integrity);
}

/** What the lock file says of a package. @param folder such as `node_modules/zod` */
export function lockedEntry(folder) {
  lock ??= JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const entry = lock[folder];
  if (!entry) throw new Error(`package-lock.json has no ${folder}. Run: npm install`);
  return entry;
}
let lock;

/** The moment that files are dated, in seconds since 1970: the same sources make the same bytes, whenever that is. */
export function sourceDate() {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (/^\d+$/.test(given ?? '')) return Number(given);
  const { stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (/^\d+\n$/.test(stdout ?? '')) return Number(stdout);
  throw new Error(
    'This is no git checkout: set SOURCE_DATE_EPOCH to the date of the release, in seconds since 1970.',
  );
}
