import { parseIpAddress } from './ip-address';

/**
 * How far an IP address means something, after the IANA registries of special-purpose addresses (RFC 6890, RFC 8190):
 *
 * - `global`: one machine of the Internet. Networks for documentation count as such: no machine has their addresses,
 *   and laboratories use them for the Internet.
 * - `private`: within a site (RFC 1918, RFC 4193).
 * - `shared`: between a carrier and its customers (RFC 6598).
 * - `translated`: an IPv4 address in the form of an IPv6 one, or the address of a translator or tunnel. The machine
 *   behind it is addressed by IPv4.
 * - `reserved`: no machine of a player has it (protocol assignments, benchmarks, future use, identifiers that are not
 *   routed).
 */
export type IpScope =
  | 'global'
  | 'private'
  | 'shared'
  | 'link_local'
  | 'loopback'
  | 'unspecified'
  | 'multicast'
  | 'broadcast'
  | 'translated'
  | 'reserved';

interface Block {
  readonly prefix: Uint8Array;
  readonly bits: number;
  readonly scope: IpScope;
}

/** The first block that contains an address decides. */
const ipv4Blocks = [
  block('0.0.0.0/32', 'unspecified'),
  block('0.0.0.0/8', 'reserved'), // RFC 791: this network
  block('10.0.0.0/8', 'private'),
  block('100.64.0.0/10', 'shared'),
  block('127.0.0.0/8', 'loopback'),
  block('169.254.0.0/16', 'link_local'),
  block('172.16.0.0/12', 'private'),
  block('192.0.0.0/24', 'reserved'), // RFC 6890, DS-Lite (RFC 6333) and 464XLAT (RFC 7335) included
  block('192.88.99.0/24', 'translated'), // RFC 7526: 6to4 relays
  block('192.168.0.0/16', 'private'),
  block('198.18.0.0/15', 'reserved'), // RFC 2544: benchmarks
  block('224.0.0.0/4', 'multicast'),
  block('255.255.255.255/32', 'broadcast'),
  block('240.0.0.0/4', 'reserved'), // RFC 1112: future use
  block('0.0.0.0/0', 'global'),
];
const ipv6Blocks = [
  block('::/128', 'unspecified'),
  block('::1/128', 'loopback'),
  block('::/96', 'translated'), // RFC 4291: IPv4-compatible
  block('::ffff:0:0/96', 'translated'), // RFC 4291: IPv4-mapped
  block('::ffff:0:0:0/96', 'translated'), // RFC 2765: IPv4-translated
  block('64:ff9b::/96', 'translated'), // RFC 6052: NAT64
  block('64:ff9b:1::/48', 'translated'), // RFC 8215: NAT64
  block('2001::/32', 'translated'), // RFC 4380: Teredo
  block('2001::/23', 'reserved'), // RFC 2928, benchmarks (RFC 5180) and ORCHID (RFC 7343) included
  block('2002::/16', 'translated'), // RFC 3056: 6to4
  block('fc00::/7', 'private'),
  block('fe80::/10', 'link_local'),
  block('ff00::/8', 'multicast'),
  block('2000::/3', 'global'),
  // RFC 4291 section 2.4: nothing else is assigned to machines.
  block('::/0', 'reserved'),
];

/** @returns undefined when the text is no IP address */
export function ipScope(text: string): IpScope | undefined {
  const bytes = parseIpAddress(text);
  if (!bytes) return undefined;
  const blocks = bytes.length === 4 ? ipv4Blocks : ipv6Blocks;
  return blocks.find((one) => isIn(bytes, one))?.scope;
}

function block(text: string, scope: IpScope): Block {
  const [address = '', bits] = text.split('/');
  const prefix = parseIpAddress(address);
  if (!prefix) throw new RangeError(`not a prefix: ${text}`);
  return { prefix, bits: Number(bits), scope };
}

function isIn(bytes: Uint8Array, { prefix, bits }: Block): boolean {
  return prefix.every((value, index) => {
    const used = Math.min(8, Math.max(0, bits - 8 * index));
    const mask = (0xff << (8 - used)) & 0xff;
    return ((bytes[index] ?? 0) & mask) === (value & mask);
  });
}
