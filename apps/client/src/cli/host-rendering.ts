/** What `lanrage host` tells the host: who can join by which link, and what to do where friends cannot. Pure, like rendering.ts. */
import { COLUMNS, fit, printable, wrap } from '#shared/terminal/text';
import type { InParty } from '../agent/local-api';
import type { Obstacle, Reach, ServerPorts } from '../own-server/reach';

export interface Hosting {
  readonly party: InParty['party'];
  /** Null: the player is not the host of the party. */
  readonly link: string | null;
  /** For friends in the own network; null where the other one is for them, too. */
  readonly homeLink: string | null;
  readonly reach: Reach;
  readonly ports: ServerPorts;
  /** Address of this machine in its network. */
  readonly forwardTo: string;
  readonly keep: boolean;
}

const PARTY_COLUMNS = 60;

export function renderHosting({ party, link, homeLink, reach, ports, forwardTo, keep }: Hosting): string {
  const self = party.peers.find(({ isSelf }) => isSelf);
  const end = keep
    ? 'Ctrl-C stops the server; the party is kept.'
    : 'Ctrl-C closes the party and stops the server.';
  return [
    ...(link === null ? [] : [link, '']),
    ...reachLines(reach, ports, forwardTo),
    ...(homeLink === null
      ? []
      : [
          '',
          ...wrap('For friends in your own network, should the other link not open there:'),
          `  ${homeLink}`,
        ]),
    '',
    ...wrap(
      'The server has no TLS: somebody on the way sees who plays with whom and what you set, the password of a party too, and could come between. What the game sends stays encrypted from player to player.',
    ),
    '',
    ...wrap(
      `You are in "${fit(printable(party.name), PARTY_COLUMNS)}", party id ${party.id}, at ${self?.virtualIp ?? '?'}. ${end}`,
    ),
  ].join('\n');
}

/** Said when the router takes back what it has promised. */
export function renderUnreachable(
  lost: Obstacle | { readonly kind: 'moved'; readonly address: string },
): string {
  const what =
    lost.kind === 'moved'
      ? `Your router has another public address now, ${lost.address}: the link leads nowhere any more.`
      : `Your router does not map the ports any more: ${whyOf(lost)}.`;
  return wrap(
    `${what} Friends who are in stay connected where they can; start lanrage host again for a new link.`,
  ).join('\n');
}

function reachLines(reach: Reach, ports: ServerPorts, forwardTo: string): string[] {
  switch (reach.kind) {
    case 'public':
      return wrap(
        `Friends anywhere join by this link. A firewall of this machine or in front of it has to let in ${portsText(ports)}.`,
      );
    case 'mapped':
      return wrap(
        `Friends anywhere join by this link: your router leads ${reach.address} to this machine for as long as you host.`,
      );
    case 'told':
      return wrap(
        `Friends join by this link where your router forwards ${portsText(ports)} to ${forwardTo}. Nobody has tried that yet.`,
      );
    case 'home':
      return [
        ...wrap(`Only friends in your own network can join by this link: ${whyOf(reach.obstacle)}.`),
        '',
        'So that others can, do one of these:',
        ...remedies(reach.obstacle, ports, forwardTo).flatMap(bullet),
      ];
  }
}

function whyOf(obstacle: Obstacle): string {
  if (obstacle.kind === 'silent') return 'no router answers that maps ports (by PCP, NAT-PMP or UPnP)';
  if (obstacle.kind === 'refused') return obstacle.detail;
  return `${obstacle.detail}, so nobody outside can reach it: your provider shares an address among many customers, or a second router is in front of yours`;
}

function remedies({ kind }: Obstacle, ports: ServerPorts, forwardTo: string): string[] {
  const elsewhere =
    'Let a friend host whose network can be reached, or run the server on a rented machine: npm start, then lanrage create with --server.';
  const ipv6 =
    'If you and all friends have IPv6: let these ports in to this machine at your router, and start it with LANRAGE_PUBLIC_ADDRESS set to its IPv6 address.';
  const forward = `have your router forward ${portsText(ports)} to ${forwardTo}, and start it with LANRAGE_PUBLIC_ADDRESS set to the router's public address, as in: sudo LANRAGE_PUBLIC_ADDRESS=203.0.113.5 lanrage host`;
  if (kind === 'double_nat')
    return [
      'Ask your provider for a public IPv4 address; then try again.',
      `If the second router is yours: forward there to the first one, and ${forward}`,
      ipv6,
      elsewhere,
    ];
  return ["Switch on UPnP or PCP on your router's page; then try again.", `Or ${forward}`, ipv6, elsewhere];
}

function portsText({ http, stun, relay }: ServerPorts): string {
  return `TCP ${http} and UDP ${stun.join(', ')} and ${relay.join('-')}`;
}

function bullet(text: string): string[] {
  return wrap(text, COLUMNS - 2).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
}
