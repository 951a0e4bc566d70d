import type { IncomingMessage } from 'node:http';
import { parseIpAddress, formatIpAddress } from '#shared/ip-address';

const mappedIpv4 = /^::ffff:(?=\d+\.)/i;

/**
 * The address that a request came from. Each trusted proxy appends the address that it saw to X-Forwarded-For,
 * so the client's is as many entries from the end as there are proxies; what stands before it anybody can write.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustedProxies: number,
): string {
  const direct = (request.socket.remoteAddress ?? '').replace(mappedIpv4, '');
  if (trustedProxies === 0) return direct;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-trustedProxies)?.trim() || direct;
}

/** What limits count by: an IPv4 address, or the /64 that one IPv6 subscriber has for itself. */
export function limitKey(address: string): string {
  return parseIpAddress(address)?.length === 16 ? prefixOf(address, 8) : address;
}

/** The network that the address is in, as far as one owner's usually reaches: IPv4 /24, IPv6 /48. */
export function networkKey(address: string): string {
  return prefixOf(address, parseIpAddress(address)?.length === 16 ? 6 : 3);
}

/** Loopback, link-local and private-use addresses (RFC 1918, RFC 4193). */
export function isLocalAddress(address: string): boolean {
  const bytes = parseIpAddress(address);
  if (!bytes) return false;
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) {
    return (
      first === 127 ||
      first === 10 ||
      (first === 172 && second >= 16 && second < 32) ||
      (first === 192 && second === 168)
    );
  }
  return address === '::1' || (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80);
}

/** What is no address stands for itself. */
function prefixOf(address: string, prefixBytes: number): string {
  const bytes = parseIpAddress(address);
  if (!bytes) return address;
  const prefix = Uint8Array.from(bytes, (byte, index) => (index < prefixBytes ? byte : 0));
  return `${formatIpAddress(prefix)}/${8 * prefixBytes}`;
}
