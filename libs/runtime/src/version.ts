import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of the whole project. */
export const version = (JSON.parse(readFileSync(manifestAbove(__dirname), 'utf8')) as { version: string })
  .version;

/** The nearest one, seen from the sources and from dist. */
function manifestAbove(folder: string): string {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return path;
  if (dirname(folder) === folder) throw new Error('package.json is missing from this installation.');
  return manifestAbove(dirname(folder));
}
