import type { IncomingMessage } from 'node:http';
import { parseIpAddress, formatIpAddress } from '#shared/ip-address';
import { ipScope } from '#shared/ip-scope';

const mappedIpv4 = /^::ffff:(?=\d+\.)/i;

/**
 * The address that a request came from. Each trusted proxy appends the address that it saw to X-Forwarded-For,
 * so the client's is as many entries from the end as there are proxies; what stands before it anybody can write.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustedProxies: number,
): string {
  const direct = plainAddress(request.socket.remoteAddress ?? '');
  if (trustedProxies === 0) return direct;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-trustedProxies)?.trim() || direct;
}

/**
 * Whether a process of this machine asks. A proxy on this machine would make everybody look like that, so requests that
 * came through one do not count.
 */
export function isOfThisMachine(request: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  return !isForwarded(request) && ipScope(clientAddress(request, 0)) === 'loopback';
}

/** Whether a proxy says that it passed this request on. */
export function isForwarded({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'].some((name) => name in headers);
}

/** An IPv4 address that a socket for both families shows as IPv6, as IPv4 again. */
export function plainAddress(address: string): string {
  return address.replace(mappedIpv4, '');
}

/** What limits count by: an IPv4 address, or the /64 that one IPv6 subscriber has for itself. */
export function limitKey(address: string): string {
  return parseIpAddress(address)?.length === 16 ? prefixOf(address, 8) : address;
}

/** The network that the address is in, as far as one owner's usually reaches: IPv4 /24, IPv6 /48. */
export function networkKey(address: string): string {
  return prefixOf(address, parseIpAddress(address)?.length === 16 ? 6 : 3);
}

/** What is no address stands for itself. */
function prefixOf(address: string, prefixBytes: number): string {
  const bytes = parseIpAddress(address);
  if (!bytes) return address;
  const prefix = Uint8Array.from(bytes, (byte, index) => (index < prefixBytes ? byte : 0));
  return `${formatIpAddress(prefix)}/${8 * prefixBytes}`;
}
