/** The list of players: each has a row that stays the same element for as long as the player is there. */
import { ask } from './api';
import { attempt, byId, copyable, element, fill, nameOf, setText } from './dom';
import {
  latencyOf,
  latencyText,
  MOST_PINGS,
  pathWords,
  selfIn,
  type InParty,
  type Model,
  type Peer,
  type Pings,
} from './model';
import { graph } from './pictures';

interface Row {
  readonly item: HTMLElement;
  show(peer: Peer, pings: Pings, isHost: boolean): void;
}

const rows = new Map<string, Row>();

export function showPlayers({ party }: InParty, { pings }: Model): void {
  const list = byId('players');
  const isHost = selfIn(party)?.isHost === true;
  const present = new Set(party.peers.map(({ id }) => id));
  for (const [id, { item }] of rows) {
    if (present.has(id)) continue;
    if (item.contains(document.activeElement)) byId('title').focus();
    item.remove();
    rows.delete(id);
  }
  party.peers.forEach((peer, index) => {
    const row = rows.get(peer.id) ?? newRow(peer);
    rows.set(peer.id, row);
    row.show(peer, pings.get(peer.id) ?? [], isHost);
    if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
  });
  byId('alone').hidden = party.peers.length > 1;
}

/** Removes the rows, as the next party is another one. */
export function forgetPlayers(): void {
  for (const { item } of rows.values()) item.remove();
  rows.clear();
}

function newRow({ id, virtualIp, isSelf }: Peer): Row {
  const name = element('h3', {});
  const path = element('p', { class: 'path' });
  const latency = element('span', { class: 'latency' });
  const { picture, draw } = graph();
  const measured = element('p', { class: 'measured', hidden: isSelf });
  measured.append(latency, picture);
  const reason = element('p', { class: 'note' });
  const tools = element('div', { class: 'tools' });
  const address = copyable(virtualIp, 'the address of this player');
  const item = element('li', { 'data-peer': id }, name, path, measured, reason, address, tools);
  return {
    item,
    show(peer, pings, isHost) {
      const marks = [peer.isSelf ? 'you' : '', peer.isHost ? 'host' : ''].filter(Boolean).join(', ');
      fill(name, [peer.name, marks], () => [nameOf(peer.name), marks ? ` (${marks})` : '']);
      fill(path, [peer.connectionType, peer.online, peer.isSelf], () => pathOf(peer));
      setText(latency, peer.isSelf ? '' : latencyText(latencyOf(peer)));
      draw(pings, MOST_PINGS);
      setText(reason, peer.reason ? [peer.reason.message, peer.reason.advice].filter(Boolean).join(' ') : '');
      fill(tools, [isHost, peer.name], () => (isHost && !peer.isSelf ? toolsFor(peer) : []));
    },
  };
}

function pathOf({ connectionType, online, isSelf }: Peer): HTMLElement[] {
  if (isSelf) return [];
  const light = element('span', { class: `light ${connectionType}`, 'aria-hidden': 'true' });
  const away = online ? '' : ', not connected to the server';
  return [light, element('span', {}, `${pathWords[connectionType]}${away}`)];
}

/** The host's buttons for a player, who is named by id, as names can be the same. */
function toolsFor({ id, name }: Peer): HTMLElement[] {
  const tool = (text: string, operation: string, request: object, question?: string) =>
    element(
      'button',
      {
        type: 'button',
        'aria-label': `${text}: ${name}`,
        click: () => {
          if (question !== undefined && !confirm(question)) return;
          void attempt(byId('players-fault'), () => ask(operation, request));
        },
      },
      text,
    );
  return [
    tool('Kick', 'kick', { peer: id }),
    tool('Ban', 'ban', { peer: id }, `Ban ${name}? The player cannot come back.`),
    tool('Make host', 'change', { host: id }, `Make ${name} the host?`),
  ];
}
