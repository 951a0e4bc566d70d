/** The lines below the table of players: why some are not connected directly, and which paths carry smaller packets. Pure. */
import { COLUMNS, fit, printable } from '#shared/terminal/text';
import type { Peer } from '../party/party';

/** With more players than this, those with the same reason share a line. */
const MOST_SINGLE_LINES = 5;
const NAME_COLUMNS = 24;
/** Names that a shell takes as one word, literally. */
const plainName = /^[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u;

type Explained = Peer & { readonly reason: NonNullable<Peer['reason']> };

/** One line for each, or for each reason if there are many, and one that tells how to hear more. */
export function renderReasons(peers: readonly Peer[]): string[] {
  const explained = peers.filter(isExplained);
  const [first] = explained;
  if (!first) return [];
  const groups =
    explained.length > MOST_SINGLE_LINES ? groupByReason(explained) : explained.map((one) => [one]);
  const whom = explained.length === 1 ? ` ${addressee(first)}` : '';
  return [...groups.map(renderGroup), `More about it: lanrage doctor${whom}`];
}

/** Names the players to whom packets have to be smaller than usual. */
export function renderPacketLimits(peers: readonly Peer[]): string[] {
  const limits = [...new Set(peers.flatMap(({ packetLimit }) => packetLimit ?? []))].sort((a, b) => b - a);
  return limits.map((bytes) => {
    const names = renderNames(peers.filter(({ packetLimit }) => packetLimit === bytes));
    return fit(`${names}: packets above ${bytes} bytes get lost, so LANrage sends smaller ones.`, COLUMNS);
  });
}

/** How to name a player in a command. */
export function addressee({ name, virtualIp }: Pick<Peer, 'name' | 'virtualIp'>): string {
  return plainName.test(name) ? name : virtualIp;
}

function isExplained(peer: Peer): peer is Explained {
  const { connectionType, reason, isSelf } = peer;
  return !isSelf && reason !== null && (connectionType === 'relayed' || connectionType === 'failed');
}

function groupByReason(peers: readonly Explained[]): Explained[][] {
  const codes = [...new Set(peers.map(({ reason }) => reason.code))];
  return codes.map((code) => peers.filter(({ reason }) => reason.code === code));
}

function renderGroup(group: readonly Explained[]): string {
  return fit(`${renderNames(group)}: ${group[0]?.reason.message}`, COLUMNS);
}

function renderNames(group: readonly Peer[]): string {
  const names = group.map(({ name }) => fit(printable(name), NAME_COLUMNS));
  const others = names.length - 2;
  if (others > 1) return `${names.slice(0, 2).join(', ')} and ${others} others`;
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' and ');
}
