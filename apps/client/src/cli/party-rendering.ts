/** What hosts are told. Pure, like rendering.ts. */
import type { BanList, OwnedParties } from '#shared/api/hosting';
import type { Invite, InviteList } from '#shared/api/invites';
import type { NewInvite } from '../party/invites';
import type { PartyPage } from '#shared/api/discovery';
import type { PartySettings } from '#shared/api/party';
import type { PartyState, StateEntry } from '#shared/api/state';
import { printable, renderTable, wrap } from '#shared/terminal/text';
import type { Party } from '../party/party';
import type { RememberedParty } from '../party/remembered-parties';

/** What is special about a party, if anything. */
export function renderTerms(settings: PartySettings): string[] {
  const { discordUrl } = settings;
  const special = specialities(settings);
  return [
    ...(special.length > 0 ? [special.join(' · ')] : []),
    ...(discordUrl === null ? [] : wrap(`Voice and screens: ${printable(discordUrl)}`)),
  ];
}

export function renderPartyChanged({
  name,
  maxPeers,
  settings,
}: Pick<Party, 'name' | 'maxPeers' | 'settings'>): string {
  const special = [`at most ${maxPeers} players`, ...specialities(settings)];
  const voice = settings.discordUrl === null ? '' : `; voice: ${printable(settings.discordUrl)}`;
  return wrap(`The party is "${printable(name)}" now: ${special.join(', ')}${voice}`).join('\n');
}

/** The parties in which the player was before, the latest first. */
export function renderRemembered(parties: readonly RememberedParty[]): string {
  if (parties.length === 0) return 'No party is remembered here.';
  return parties
    .map(({ name, partyId, server, peerName }) =>
      [`${printable(name)} (${partyId})`, `  at ${printable(server)}, as ${printable(peerName)}`].join('\n'),
    )
    .join('\n');
}

export function renderBans({ bans }: BanList): string {
  if (bans.length === 0) return 'Nobody is banned.';
  const rows = bans.map(({ peerId, name, bannedAt }) => [
    name === null ? '–' : printable(name),
    peerId,
    minuteOf(bannedAt),
  ]);
  return renderTable(['PLAYER', 'ID', 'SINCE'], [38, 20, 22], rows);
}

export function renderInvite({ link, ...invite }: NewInvite): string {
  const whose = invite.maxUses === null ? '' : `, for ${playersOf(invite.maxUses)}`;
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(link).hostname);
  return [
    link,
    '',
    ...wrap(
      `Valid until ${minuteOf(invite.expiresAt)}${whose}. Anyone who has the link can join: lanrage join LINK`,
    ),
    ...wrap(`Revoke it with: lanrage uninvite ${invite.id}`),
    ...(isLocal
      ? wrap(
          'It works only on this machine. Name the address at which friends reach the server: lanrage invite --server URL',
        )
      : []),
  ].join('\n');
}

export function renderInvites({ invites }: InviteList): string {
  if (invites.length === 0) return 'No invite link is valid right now.';
  const rows = invites.map((invite) => [invite.id, minuteOf(invite.expiresAt), usesOf(invite)]);
  return renderTable(['ID', 'GOOD UNTIL', 'USED'], [12, 26, 20], rows);
}

export function renderPartyPage({ parties, nextCursor }: PartyPage): string {
  if (parties.length === 0) return 'No public party was found.';
  const rows = parties.map(({ id, name, playerCount, maxPeers, hasPassword }) => [
    id,
    printable(name),
    `${playerCount} of ${maxPeers}`,
    hasPassword ? 'password' : '',
  ]);
  const table = renderTable(['ID', 'PARTY', 'PLAYERS', ''], [14, 42, 14, 10], rows);
  return nextCursor === null ? table : `${table}\n\nThere are more: add --cursor ${nextCursor}`;
}

/** @param home the state folder of the player whose parties they are */
export function renderOwnedParties({ parties, most }: OwnedParties, home: string): string {
  if (parties.length === 0)
    return wrap(`The player whose key is in ${home} owns no persistent party on this server.`).join('\n');
  const rows = parties.map(({ id, name, playerCount, maxPeers, emptySince }) => [
    id,
    printable(name),
    `${playerCount} of ${maxPeers}`,
    emptySince === null ? '' : minuteOf(emptySince),
  ]);
  return [
    renderTable(['ID', 'PARTY', 'PLAYERS', 'EMPTY SINCE'], [14, 30, 14, 22], rows),
    '',
    ...wrap(`The server allows one owner ${most}. Close one with: lanrage close ID`),
  ].join('\n');
}

export function renderState({ entries }: PartyState): string {
  if (entries.length === 0) return 'The party shares nothing yet.';
  const rows = entries.map((entry) => [printable(entry.key), String(entry.version), renderStateValue(entry)]);
  return renderTable(['KEY', 'VERSION', 'VALUE'], [26, 10, 44], rows);
}

export function renderStateValue({ value = '' }: StateEntry): string {
  return printable(value);
}

function minuteOf(timestamp: string): string {
  return `${timestamp.slice(0, 16).replace('T', ' ')} UTC`;
}

function usesOf({ uses, maxUses }: Invite): string {
  return maxUses === null ? String(uses) : `${uses} of ${maxUses}`;
}

function playersOf(count: number): string {
  return count === 1 ? 'one player' : `${count} players`;
}

function specialities({
  sealed,
  locked,
  public: isPublic,
  hasPassword,
  persistent,
}: PartySettings): string[] {
  return [
    ...(locked ? ['locked'] : []),
    ...(isPublic ? ['public'] : []),
    ...(hasPassword ? ['password'] : []),
    ...(persistent ? ['persistent'] : []),
    ...(sealed ? ['sealed'] : []),
  ];
}
