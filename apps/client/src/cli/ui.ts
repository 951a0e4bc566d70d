import { spawn } from 'node:child_process';
import { askAgent } from '../agent/local-client';
import { homePaths, makeHome, replaceOwnFile } from '../home';
import { answer, type Context } from './context';

/** `lanrage ui`: says where the player's page is, and opens it; for root, who has no browser, it says so only. @throws LanrageError AGENT_NOT_RUNNING … */
export async function ui(context: Context, isToOpen: boolean): Promise<void> {
  const page = await askAgent(context.config.home, 'page', {});
  answer(context, page, page.address);
  const isSomebodyThere = process.stdout.isTTY && !context.json && process.geteuid?.() !== 0;
  if (isToOpen && isSomebodyThere) await openInBrowser(context.config.home, page.address);
}

/** Opens a file of the player's own, which leads there, so that no list of processes shows the token. Where there is no desktop, nothing happens. */
export async function openInBrowser(home: string, address: string): Promise<void> {
  makeHome(home);
  const { page } = homePaths(home);
  replaceOwnFile(
    page,
    `<!doctype html><meta http-equiv="refresh" content="0; url=${address.replaceAll('&', '&amp;')}"><title>LANrage</title>\n`,
  );
  const child = spawn('xdg-open', [page], { stdio: 'ignore', detached: true });
  await new Promise<void>((resolve) => {
    child.on('spawn', resolve).on('error', () => resolve());
  });
}
