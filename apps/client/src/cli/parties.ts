import { partyPageSchema } from '#shared/api/discovery';
import { discoveryPath } from '../control/control-plane';
import { ControlHttp } from '../control/http';
import { answer, type Context } from './context';
import { renderPartyPage } from './party-rendering';

const SERVER_LIMIT_MS = 5_000;

/** `lanrage parties [SEARCH]`: needs no agent and no rights. @throws LanrageError CONTROL_UNAVAILABLE, RATE_LIMITED … */
export async function parties(context: Context, search = '', cursor?: string): Promise<void> {
  const http = new ControlHttp(new URL(context.config.server));
  try {
    const page = await http.request({
      method: 'GET',
      path: discoveryPath(search, cursor),
      answer: partyPageSchema,
      signal: AbortSignal.timeout(SERVER_LIMIT_MS),
    });
    answer(context, page, renderPartyPage(page));
  } finally {
    await http.close();
  }
}
