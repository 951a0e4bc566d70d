/** What the command says to people. Pure: values in, text for at most 80 columns out. */
import { formatDuration, printable, renderTable, wrap } from '#shared/terminal/text';
import type {
  AdminParty,
  AdminPartyDetails,
  AdminPartyPage,
  AdminRelay,
  AdminRelayList,
  DrainedRelay,
  ServerBan,
  ServerBanPage,
} from '../admin.api';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function renderParties({ parties, nextCursor }: AdminPartyPage, nowMs: number): string {
  if (parties.length === 0) return 'No party was found.';
  const rows = parties.map((party) => [
    party.id,
    printable(party.name),
    `${party.playerCount} of ${party.maxPeers}`,
    hostOf(party),
    ageOf(party, nowMs),
    specialitiesOf(party).join(' '),
  ]);
  const table = renderTable(['ID', 'PARTY', 'PLAYERS', 'HOST', 'AGE', ''], [14, 20, 12, 12, 9, 13], rows);
  return withMore(table, nextCursor);
}

export function renderParty(party: AdminPartyDetails, nowMs: number): string {
  const { id, name, playerCount, maxPeers, members } = party;
  const size = `${playerCount} of at most ${maxPeers} players`;
  const special = specialitiesOf(party);
  const rows = members.map((member) => [
    `${printable(member.name)}${member.peerId === party.hostId ? ' (host)' : ''}`,
    member.publicKey,
    member.connected ? 'yes' : 'no',
  ]);
  return [
    ...wrap(`"${printable(name)}" · party id ${id} · ${size} · ${ageOf(party, nowMs)} old`),
    ...(special.length > 0 ? [special.join(' · ')] : []),
    '',
    members.length > 0 ? renderTable(['PLAYER', 'KEY', 'CONNECTED'], [22, 46, 12], rows) : 'Nobody is in it.',
  ].join('\n');
}

export function renderBans({ bans, nextCursor }: ServerBanPage): string {
  if (bans.length === 0) return 'Nobody is banned from the server.';
  const rows = bans.map(({ name, publicKey, bannedAt }) => [nameOf(name), publicKey, minuteOf(bannedAt)]);
  return withMore(renderTable(['PLAYER', 'KEY', 'SINCE (UTC)'], [16, 46, 18], rows), nextCursor);
}

export function renderBanned({ name, publicKey, bannedAt }: ServerBan): string {
  return wrap(`Banned since ${minuteOf(bannedAt)} UTC: ${publicKey} (${nameOf(name)})`).join('\n');
}

export function renderRelays({ relays }: AdminRelayList): string {
  if (relays.length === 0) return 'The server knows no relay.';
  const rows = relays.map((relay) => [
    relay.id,
    printable(relay.region ?? '–'),
    stateOf(relay),
    `${relay.pairs} of ${relay.capacityPairs}`,
    String(Math.round(relay.packetsPerSecond)),
    relay.eventLoopDelayMs === null ? '–' : `${Math.round(relay.eventLoopDelayMs)} ms`,
  ]);
  const head = ['RELAY', 'REGION', 'STATE', 'PAIRS', 'PACKETS/S', 'LATE'];
  const faults = relays.flatMap((relay) => faultOf(relay) ?? []).map((text) => wrap(text).join('\n'));
  return [renderTable(head, [20, 10, 17, 14, 11, 8], rows), ...faults].join('\n\n');
}

function faultOf({ id, publicAddress, fault }: AdminRelay): string | null {
  switch (fault) {
    case 'unreached':
      return `${id}: none of the players who tried can reach it at ${publicAddress}. Check its LANRAGE_PUBLIC_ADDRESS, and that router and firewall let its UDP ports through.`;
    case 'private_address':
      return `${id}: players in other networks cannot send to ${publicAddress}. Set its LANRAGE_PUBLIC_ADDRESS to the one known on the Internet.`;
    case 'unproven':
      return `${id}: packets from the server to ${publicAddress} do not arrive, so it carries nobody. Check its LANRAGE_PUBLIC_ADDRESS and UDP ports, or give it a secret of its own in LANRAGE_RELAY_SECRETS.`;
    case null:
      return null;
  }
}

export function renderDrained({ id, pairs, alternative }: DrainedRelay): string {
  const what = `${id} takes no more pairs and hands over the ${pairs} that it has.`;
  const warning = `${id} takes no more pairs, but no other relay has room: its ${pairs} stay, and new pairs get no relay.`;
  return wrap(`${alternative ? what : warning} Lift it with: lanrage-admin relays undrain ${id}`).join('\n');
}

export function renderUndrained({ id, draining }: AdminRelay): string {
  const stops = `${id} is draining, as it is about to stop.`;
  return draining === null ? `${id} takes pairs again.` : stops;
}

function specialitiesOf({ settings }: AdminParty): string[] {
  const { public: isPublic, persistent, locked, hasPassword, sealed } = settings;
  return [
    ...(isPublic ? ['public'] : []),
    ...(persistent ? ['persistent'] : []),
    ...(locked ? ['locked'] : []),
    ...(hasPassword ? ['password'] : []),
    ...(sealed ? ['sealed'] : []),
  ];
}

function hostOf({ hostName }: AdminParty): string {
  return nameOf(hostName);
}

function nameOf(name: string | null): string {
  return name === null ? '–' : printable(name);
}

function ageOf({ createdAt }: AdminParty, nowMs: number): string {
  const ageMs = nowMs - Date.parse(createdAt);
  return ageMs < 2 * DAY_MS ? formatDuration(ageMs) : `${Math.floor(ageMs / DAY_MS)} d`;
}

function stateOf({ state, draining }: AdminRelay): string {
  if (draining === null) return state;
  return `${state}, ${draining === 'itself' ? 'stopping' : 'drained'}`;
}

function minuteOf(timestamp: string): string {
  return timestamp.slice(0, 16).replace('T', ' ');
}

function withMore(table: string, nextCursor: string | null): string {
  return nextCursor === null ? table : `${table}\n\nThere are more: add --cursor ${nextCursor}`;
}
