import { LanrageError } from '#shared/errors';
import { askAgent } from '../agent/local-client';
import { showNotice } from '../agent/desktop-notice';
import { parseOpenLink } from '../party/open-link';
import { answer, type Context } from './context';
import { openInBrowser } from './ui';

/**
 * `lanrage open LINK`: shows the player's page with the invitation, where the player decides. Joins nothing by itself, as any web
 * page can have a browser run it.
 * @throws LanrageError INVALID_INVITE, AGENT_NOT_RUNNING …
 */
export async function open(context: Context, text: string, isToOpen: boolean): Promise<void> {
  try {
    const invitation = parseOpenLink(text);
    if (!invitation) throw new LanrageError('INVALID_INVITE');
    const { address } = await askAgent(context.config.home, 'page', {});
    const place = `${address}&join=${encodeURIComponent(invitation.text)}`;
    answer(context, { address: place }, place);
    if (isToOpen && process.geteuid?.() !== 0) await openInBrowser(context.config.home, place);
  } catch (error) {
    // A player who clicked a link sees no terminal.
    if (error instanceof LanrageError && !process.stderr.isTTY && isToOpen)
      await showNotice({ title: 'The invitation could not be opened', body: error.message });
    throw error;
  }
}
