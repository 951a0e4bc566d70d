import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of the whole project. */
export const version = (JSON.parse(readFileSync(manifestAbove(__dirname), 'utf8')) as { version: string })
  .version;

/** The nearest package.json: the sources and dist are at different depths. */
function manifestAbove(folder: string): string {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return path;
  if (dirname(folder) === folder) throw new Error('package.json is missing from this installation.');
  return manifestAbove(dirname(folder));
}
