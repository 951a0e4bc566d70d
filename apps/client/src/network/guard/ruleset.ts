/** The guard's rules, as nft(8) reads them. Pure. */
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import { TUNNEL_PORT } from '../tunnel-message';
import { formatRange, gamePorts, protocols, type Exposure, type Ports } from './exposure';

export interface GuardSettings {
  readonly interfaceName: string;
  /** The party's. */
  readonly network: VirtualNetwork;
  readonly exposure: Exposure;
  /** Whether packets may pass between the tunnel and other interfaces. */
  readonly forwarding: boolean;
}

/** Before other firewalls' filters, which still have their say: accepting here ends only this chain. */
const PRIORITY = -10;
/** Besides the virtual LAN: what games use to find each other in it. */
const discovery = '224.0.0.0/4, 255.255.255.255';

export function tableOf(interfaceName: string): string {
  return `inet lanrage_${interfaceName}`;
}

/** Replaces the table, if there is one, in one step. */
export function guardRuleset(settings: GuardSettings): string {
  const { interfaceName, network } = settings;
  return [
    removal(interfaceName),
    `table ${tableOf(interfaceName)} {`,
    `  chain input {`,
    `    type filter hook input priority ${PRIORITY}; policy accept;`,
    `    iifname "${interfaceName}" jump from_tunnel`,
    `  }`,
    ...(settings.forwarding ? [] : forwardChain(interfaceName)),
    `  chain from_tunnel {`,
    `    meta nfproto ipv6 drop`,
    // A member's packets are for the virtual LAN, not for other addresses of this machine.
    `    ip daddr != { ${network}, ${discovery} } drop`,
    ...rulesFor(settings.exposure).map((rule) => `    ${rule}`),
    `  }`,
    `}`,
    ``,
  ].join('\n');
}

/** Deleting what is not there would fail, so it is made first. */
export function removal(interfaceName: string): string {
  const table = tableOf(interfaceName);
  return `table ${table} {}\ndelete table ${table}`;
}

function forwardChain(interfaceName: string): string[] {
  return [
    `  chain forward {`,
    `    type filter hook forward priority ${PRIORITY}; policy accept;`,
    `    iifname "${interfaceName}" drop`,
    `    oifname "${interfaceName}" drop`,
    `  }`,
  ];
}

function rulesFor(exposure: Exposure): string[] {
  if (exposure === 'all') return ['accept'];
  const always = ['meta l4proto icmp accept', `udp dport ${TUNNEL_PORT} accept`];
  // Answers come to ports from 1024 on, so that nothing has to be tracked for them.
  if (exposure === 'games') return [...always, ...acceptPorts(gamePorts), 'drop'];
  return ['ct state established,related accept', ...always, ...acceptPorts(exposure), 'drop'];
}

function acceptPorts(ports: Ports): string[] {
  return protocols
    .filter((protocol) => ports[protocol].length > 0)
    .map((protocol) => `${protocol} dport { ${ports[protocol].map(formatRange).join(', ')} } accept`);
}
