import { parseIpAddress } from './ip-address';

/**
 * How far an IP address means something, after the registries of RFC 6890: `private` within a site (RFC 1918, RFC 4193),
 * `shared` between a carrier and its customers (RFC 6598, RFC 6333), `unusable` for no single other machine at all.
 */
export type IpScope = 'global' | 'private' | 'shared' | 'link_local' | 'loopback' | 'unusable';

type Block = readonly [prefix: readonly number[], bits: number, scope: IpScope];

const ipv4Blocks: readonly Block[] = [
  [[0], 8, 'unusable'],
  [[10], 8, 'private'],
  [[100, 64], 10, 'shared'],
  [[127], 8, 'loopback'],
  [[169, 254], 16, 'link_local'],
  [[172, 16], 12, 'private'],
  [[192, 0, 0], 24, 'shared'],
  [[192, 168], 16, 'private'],
  [[224], 3, 'unusable'],
];
const ipv6Blocks: readonly Block[] = [
  [new Array<number>(16).fill(0), 128, 'unusable'],
  [[...new Array<number>(15).fill(0), 1], 128, 'loopback'],
  // IPv4-mapped (RFC 4291 section 2.5.5.2): on the wire that is IPv4, and is to be written so.
  [[...new Array<number>(10).fill(0), 0xff, 0xff], 96, 'unusable'],
  [[0xfc], 7, 'private'],
  [[0xfe, 0x80], 10, 'link_local'],
  [[0xff], 8, 'unusable'],
];

/** @returns undefined when the text is no IP address */
export function ipScope(text: string): IpScope | undefined {
  const bytes = parseIpAddress(text);
  if (!bytes) return undefined;
  const blocks = bytes.length === 4 ? ipv4Blocks : ipv6Blocks;
  return blocks.find((block) => isIn(bytes, block))?.[2] ?? 'global';
}

function isIn(bytes: Uint8Array, [prefix, bits]: Block): boolean {
  return prefix.every((value, index) => {
    const used = Math.min(8, bits - 8 * index);
    const mask = (0xff << (8 - used)) & 0xff;
    return ((bytes[index] ?? 0) & mask) === (value & mask);
  });
}
