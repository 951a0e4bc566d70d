import type { SocketAddress } from '#shared/endpoint';

/** Data messages with this index, from one player through a port of the relay to another. */
export interface Flow {
  readonly from: SocketAddress;
  /** The relay's IP address, which both players send to. */
  readonly local: string;
  /** The relay's. */
  readonly port: number;
  /** Receiver index, which the player at `to` chose; with a sign, as WireGuard's messages are read here. */
  readonly index: number;
  readonly to: SocketAddress;
}

/** What a flow has carried so far. Bytes are of UDP payload. */
export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

export const nothing: Counted = { packets: 0, bytes: 0 };

/** Whether routing can send it on: a link-local address (RFC 4007 section 11: fe80::1%eth0) is one on this link alone. */
export function isRoutable({ from, local, to }: Flow): boolean {
  return ![from.address, local, to.address].some((address) => address.includes('%'));
}

/**
 * Whether neither player is on the relay's own machine: what nftables rewrites to or from such a one takes no way that ends
 * in postrouting, where it would get the relay's address.
 * @param own the machine's addresses
 */
export function isBetweenOthers({ from, to }: Flow, own: ReadonlySet<string>): boolean {
  return [from, to].every(({ address }) => !own.has(address) && !address.startsWith('127.'));
}

/**
 * What tells a flow from others: the port and the index, which the relay gives to no two of a port's pairs. A number, for
 * there may be tens of thousands.
 */
export function keyOf({ port, index }: Pick<Flow, 'port' | 'index'>): number {
  return port * 2 ** 32 + (index >>> 0);
}
