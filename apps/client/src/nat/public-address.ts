/**
 * Which addresses a stranger on the internet can send to. Pure.
 *
 * IANA's special-purpose registries (RFC 6890) tell. The documentation prefixes (TEST-NET of RFC 5737, 2001:db8::/32)
 * count as public: nobody has such an address, except for labs, where they stand for public ones.
 */
import { parseIpAddress } from '#shared/ip-address';

/** First bytes of IPv4 prefixes that mean something in one network only, or are no host's, with their length in bits. */
const unreachable: readonly (readonly [prefix: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];

/** Whether a text is an IP address that can be reached from everywhere, as far as the address itself tells. */
export function isPublicAddress(text: string): boolean {
  const bytes = parseIpAddress(text);
  if (!bytes) return false;
  // 2000::/3 is all of IPv6 that is assigned for global use (RFC 4291 section 2.4).
  if (bytes.length === 16) return (bytes[0] ?? 0) >> 5 === 1;
  const address = ipv4Number(bytes);
  return !unreachable.some(([prefix, bits]) => {
    const first = ipv4Number(parseIpAddress(prefix) ?? new Uint8Array(4));
    return address >>> (32 - bits) === first >>> (32 - bits);
  });
}

function ipv4Number(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
