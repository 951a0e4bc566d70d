import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LanrageError } from '#shared/errors';
import { desktopVariables } from '../config';
import { replaceOwnFile } from '../home';
import { runCommand } from '../network/command';
import { answer, type Context } from './context';
import { DESKTOP_FILE, desktopEntry, SCHEME_TYPE } from './desktop-entry';

/** `lanrage register`: has the desktop of this user open lanrage:// links with this command. @throws LanrageError PERMISSION_DENIED for root … */
export async function register(context: Context): Promise<void> {
  if (process.geteuid?.() === 0)
    throw new LanrageError('PERMISSION_DENIED', {
      message: 'Links are opened by the user whose desktop it is. Run this without sudo.',
    });
  const environment = desktopVariables();
  const data = environment['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  const folder = join(data, 'applications');
  const path = join(folder, DESKTOP_FILE);
  mkdirSync(folder, { recursive: true });
  replaceOwnFile(path, desktopEntry([process.execPath, process.argv[1] ?? '']));
  const isDefault = await runCommand('xdg-mime', ['default', DESKTOP_FILE, SCHEME_TYPE], {
    environment,
  }).then(
    ({ code }) => code === 0,
    () => false,
  );
  const text = isDefault
    ? 'Your browser opens invitations with LANrage now.'
    : 'Written, but xdg-mime (package xdg-utils) is missing, so your desktop may not know of it yet.';
  answer(context, { path, isDefault }, `${text} The entry is ${path}`);
}
