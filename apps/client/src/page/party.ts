/** What else there is of a party: facts, warnings, games, the voice link, what is shared. */
import type { z } from 'zod';
import type { PartyState } from '#shared/api/state';
import type { gameServerSchema } from '../agent/local-answers';
import { ask } from './api';
import { attempt, byId, copyable, element, fill, nameOf, setText } from './dom';
import { warningsOf, type InParty } from './model';

type GameServer = z.output<typeof gameServerSchema>;

/** More of a value than this is cut. */
const MOST_CHARACTERS = 300;

export function showParty(status: InParty): void {
  const { party, peerCount, discovery } = status;
  const { locked, public: isPublic, persistent, hasPassword, sealed, discordUrl } = party.settings;
  const traits = { locked, public: isPublic, persistent, 'with a password': hasPassword, sealed };
  const named = Object.entries(traits).flatMap(([name, has]) => (has ? [name] : []));
  setText(byId('facts'), [`${peerCount} of ${party.maxPeers} players`, ...named].join(' · '));
  const warnings = warningsOf(status);
  fill(byId('warnings'), warnings, () => warnings.map((text) => element('li', {}, text)));
  showGames(discovery?.servers ?? [], party.peers);
  byId('voice').hidden = discordUrl === null;
  fill(byId('voice-link'), discordUrl, () =>
    discordUrl === null
      ? []
      : [element('a', { href: discordUrl, rel: 'noreferrer', target: '_blank' }, discordUrl)],
  );
}

function showGames(servers: readonly GameServer[], peers: InParty['party']['peers']): void {
  const facts = servers.map(({ game, name, virtualIp, port }) => {
    const host = peers.find((peer) => peer.virtualIp === virtualIp)?.name ?? '';
    return { game, name, address: `${virtualIp}:${port}`, host };
  });
  byId('no-games').hidden = facts.length > 0;
  fill(byId('games'), facts, () =>
    facts.map(({ game, name, address, host }) =>
      element(
        'li',
        {},
        element('h3', {}, nameOf(name ?? game)),
        element('p', { class: 'facts' }, ...(name === null ? [] : [`${game} · `]), 'at ', nameOf(host)),
        copyable(address, `the address of ${name ?? game}`),
      ),
    ),
  );
}

/** Reads what is shared, and shows it. */
export async function showState(): Promise<void> {
  await attempt(byId('state-fault'), async () => {
    const { entries } = await ask<PartyState>('readState');
    fill(byId('state'), entries, () => (entries.length === 0 ? [nothingShared()] : [listOf(entries)]));
  });
}

function nothingShared(): HTMLElement {
  return element('p', { class: 'note' }, 'Nothing yet. In a terminal: lanrage state set map de_dust2');
}

function listOf(entries: PartyState['entries']): HTMLElement {
  const rows = entries.flatMap(({ key, value = '' }) => {
    const text = value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
    return [element('dt', {}, nameOf(key)), element('dd', {}, nameOf(text))];
  });
  return element('dl', { class: 'state' }, ...rows);
}
