/** IPv4 networks as numbers. Pure. */
import { parseIpAddress } from '#shared/ip-address';

export interface Ipv4Network {
  /** Its first address, as a number of 32 bits. */
  readonly first: number;
  /** The length of its prefix: 0 … 32. */
  readonly bits: number;
}

/** Reads `10.66.0.0/16`, an address alone, or `default`, as ip(8) writes them; undefined for IPv6 and everything else. */
export function parseNetwork(text: string): Ipv4Network | undefined {
  if (text === 'default') return { first: 0, bits: 0 };
  const [address = '', bits = '32'] = text.split('/');
  const bytes = parseIpAddress(address);
  if (bytes?.length !== 4 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const size = 2 ** (32 - Number(bits));
  const value = Buffer.from(bytes).readUInt32BE();
  return { first: value - (value % size), bits: Number(bits) };
}

/** Whether all of `inner` is in `outer`. */
export function contains(outer: Ipv4Network, inner: Ipv4Network): boolean {
  if (inner.bits < outer.bits) return false;
  const size = 2 ** (32 - outer.bits);
  return inner.first - (inner.first % size) === outer.first;
}

export function overlaps(one: Ipv4Network, other: Ipv4Network): boolean {
  return contains(one, other) || contains(other, one);
}
