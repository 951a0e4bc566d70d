// `.env` beside package.json: settings, as NAME=value. A variable that is set already counts more.
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Reads the file into the environment, if there is one. */
export function readSettingsFile(path = join(root, '.env')) {
  try {
    process.loadEnvFile(path);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    console.error(
      `error SETTINGS_FILE_UNREADABLE: ${path} cannot be read (${error.code}). Give it to the user that runs the server, or remove it.`,
    );
    process.exit(1);
  }
}
