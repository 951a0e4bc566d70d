import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** As many links as Linux follows in one path; see path_resolution(7). */
const MOST_LINKS = 40;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * The first part of a path, links followed, that users other than root could replace; undefined when there is none.
 * A part that does not exist yet is fine: only root can make it where everything above is root's.
 */
export function replaceablePart(path: string, linksLeft = MOST_LINKS): string | undefined {
  const [first = '/', ...others] = partsOf(resolve(path));
  let current = first;
  let stat = statIfPresent(current);
  for (const name of others) {
    if (!stat) return undefined;
    if (!isRootsAlone(stat) && !isSticky(stat)) return current;
    current = join(current, name);
    stat = statIfPresent(current);
    if (!stat?.isSymbolicLink()) continue;
    if (stat.uid !== 0 || linksLeft === 0) return current;
    const rest = resolve(path).slice(current.length);
    return replaceablePart(resolve(dirname(current), readlinkSync(current)) + rest, linksLeft - 1);
  }
  return stat && !isRootsAlone(stat) ? current : undefined;
}

/** `/`, then one name for each step down. */
function partsOf(absolute: string): string[] {
  return ['/', ...absolute.split('/').filter(Boolean)];
}

function statIfPresent(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isRootsAlone({ uid, mode }: Stats): boolean {
  return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0;
}

/** In root's sticky folder, such as /tmp, users can replace only what is theirs. */
function isSticky({ uid, mode }: Stats): boolean {
  return uid === 0 && (mode & STICKY) !== 0;
}
