import type { SocketAddress } from '#shared/endpoint';

/** Data messages with this index, from one player through a port of the relay to another. */
export interface Flow {
  readonly from: SocketAddress;
  /** The relay's. */
  readonly port: number;
  /** Receiver index, which the player at `to` chose. */
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
export function isRoutable({ from, to }: Flow): boolean {
  return !from.address.includes('%') && !to.address.includes('%');
}

/** What tells a flow from others on arrival; the words are those of nft(8). */
export function keyOf({ from, port, index }: Flow): string {
  return arrivalKey(from.address, from.port, port, index);
}

export function arrivalKey(address: string, fromPort: number, port: number, index: number): string {
  return `${address} . ${fromPort} . ${port} . ${networkOrder(index)}`;
}

/** What tells a flow from others on departure, when the relay's port is no longer in the packet. */
export function departureKeyOf({ from, to, index }: Flow): string {
  return `${from.address} . ${to.address} . ${to.port} . ${networkOrder(index)}`;
}

/** WireGuard's integers are little-endian, nft reads the bytes as they come. */
function networkOrder(index: number): string {
  const swapped = (index << 24) | ((index & 0xff00) << 8) | ((index >>> 8) & 0xff00) | (index >>> 24);
  return `0x${(swapped >>> 0).toString(16)}`;
}
