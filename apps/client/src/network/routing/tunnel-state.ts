/** Whether a party's interface is as the agent made it, and what makes it so again. Pure. */
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { LinkReading } from './reading';

/** What an agent gave its interface. */
export interface Tunnel {
  readonly interfaceName: string;
  readonly virtualIp: VirtualIp;
  /** Such as `10.66.0.0/16`. */
  readonly network: string;
}

export const tunnelParts = ['link', 'address', 'route'] as const;
/** `link`: the interface is down. */
export type TunnelPart = (typeof tunnelParts)[number];

/** Why players cannot be reached though their WireGuard is: status and doctor show it. */
export interface TunnelInfo {
  readonly network: string;
  /** What is missing and could not be put back; `detail` says why. */
  readonly missing: readonly TunnelPart[];
  readonly detail: string | null;
  /** Players to whose address the kernel sends by another interface. */
  readonly strays: readonly Stray[];
  /** How many times another program took something away that was put back. */
  readonly repairs: number;
}

export interface Stray {
  readonly virtualIp: VirtualIp;
  /** Null: there is no way. */
  readonly interfaceName: string | null;
}

/** @param hasRoute whether the main table has the route to the party's network */
export function missingParts(link: LinkReading, hasRoute: boolean, tunnel: Tunnel): TunnelPart[] {
  const bits = prefixBitsOf(tunnel);
  const hasAddress = link.addresses.some(
    ({ address, prefixBits }) => address === tunnel.virtualIp && prefixBits === bits,
  );
  return [
    ...(link.isUp ? [] : (['link'] as const)),
    ...(hasAddress ? [] : (['address'] as const)),
    ...(hasRoute ? [] : (['route'] as const)),
  ];
}

/** Commands for ip(8), in the order in which each finds what it needs. What is there stays, its MTU included. */
export function repairCommands({ interfaceName, virtualIp, network }: Tunnel): string[] {
  return [
    `link set dev ${interfaceName} up`,
    `address replace ${virtualIp}/${network.split('/')[1]} dev ${interfaceName}`,
    `route replace ${network} dev ${interfaceName} proto kernel scope link src ${virtualIp}`,
  ];
}

/** @param ways the interface by which the kernel sends to each address */
export function straysAmong(
  peers: Iterable<VirtualIp>,
  ways: ReadonlyMap<string, string>,
  { interfaceName }: Tunnel,
): Stray[] {
  return [...new Set(peers)]
    .filter((virtualIp) => ways.get(virtualIp) !== interfaceName)
    .map((virtualIp) => ({ virtualIp, interfaceName: ways.get(virtualIp) ?? null }));
}

function prefixBitsOf({ network }: Tunnel): number {
  return Number(network.split('/')[1]);
}
