import { partyPageSchema } from '#shared/api/discovery';
import { ownedPartiesSchema } from '#shared/api/hosting';
import { withQuery } from '#shared/api/rest-answer';
import { ControlHttp } from '../control/http';
import { asPlayer } from './as-player';
import { answer, type Context } from './context';
import { renderOwnedParties, renderPartyPage } from './party-rendering';

const SERVER_LIMIT_MS = 5_000;

/** `lanrage parties [SEARCH]`: needs no agent and no rights. @throws LanrageError CONTROL_UNAVAILABLE, RATE_LIMITED … */
export async function parties(context: Context, search = '', cursor?: string): Promise<void> {
  const http = new ControlHttp(new URL(context.config.server));
  try {
    const page = await http.request({
      method: 'GET',
      path: withQuery('/v1/parties', { search, cursor }),
      answer: partyPageSchema,
      signal: AbortSignal.timeout(SERVER_LIMIT_MS),
    });
    answer(context, page, renderPartyPage(page));
  } finally {
    await http.close();
  }
}

/** `lanrage parties --mine`: needs no agent, but the player's key. @throws LanrageError HOME_DENIED …, CONTROL_UNAVAILABLE … */
export async function ownedParties(context: Context): Promise<void> {
  const path = '/v1/parties/owned';
  const owned = await asPlayer(context.config, { method: 'GET', path, answer: ownedPartiesSchema });
  answer(context, owned, renderOwnedParties(owned, context.config.home));
}
