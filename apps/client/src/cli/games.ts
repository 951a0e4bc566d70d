import { LanrageError } from '#shared/errors';
import { printable, renderTable } from '#shared/terminal/text';
import { askAgent } from '../agent/local-client';
import type { InParty } from '../agent/local-api';
import type { KnownServer } from '../discovery/games/known-servers';
import { answer, type Context } from './context';

const WIDTHS = [20, 24, 14, 22];

/** `lanrage games`: which servers run in the party, of games that show themselves or can be asked. @throws LanrageError NOT_IN_PARTY … */
export async function games(context: Context): Promise<void> {
  const status = await askAgent(context.config.home, 'games', {});
  if (status.status === 'no_party') throw new LanrageError('NOT_IN_PARTY');
  const servers = status.discovery?.servers ?? [];
  answer(context, servers, renderGames(servers, status.party.peers));
}

export function renderGames(servers: readonly KnownServer[], players: InParty['party']['peers']): string {
  if (servers.length === 0)
    return [
      'No game server that LANrage knows of runs in the party.',
      'Open the list of LAN games in your game: servers that answer are shown here, too.',
    ].join('\n');
  const rows = servers.map(({ game, name, virtualIp, port }) => {
    const host = players.find((player) => player.virtualIp === virtualIp);
    return [game, name ?? '–', host?.name ?? '–', `${virtualIp}:${port}`].map(printable);
  });
  return renderTable(['game', 'name', 'at', 'address'], WIDTHS, rows);
}
