/** Who listens on a port, read from what the kernel shows of its sockets. Pure. */
import type { Protocol } from '../guard/exposure';
import type { Listener } from './port-report';

/** The text of the files below /proc/net; see proc_pid_net(5). IPv6's are empty where there is none. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
  readonly udp: string;
  readonly udp6: string;
}

/** The states that a listening socket has: TCP_LISTEN, and of UDP TCP_CLOSE, which is one that is not connected. */
const listening: Record<Protocol, string> = { tcp: '0A', udp: '07' };
/** Each four bytes are a number in the order of the machine, which is little-endian on all that players have. */
const LOOPBACK_IPV6 = '00000000000000000000000001000000';
/** Before an IPv4 address in an IPv6 one (RFC 4291 section 2.5.5.2). */
const MAPPED = '0000000000000000FFFF0000';
const ALL = '0.0.0.0';

/** A socket that listens. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
}

/** @param ownIp the address in the party, a dotted quad */
export function listenerOn(tables: SocketTables, protocol: Protocol, port: number, ownIp: string): Listener {
  const places = [tables[protocol], tables[`${protocol}6`]]
    .flatMap((table) => socketsIn(table, protocol))
    .filter((socket) => socket.port === port)
    .map(({ address }) => placeOf(address, ownIp));
  if (places.includes('here')) return 'here';
  return places.includes('elsewhere') ? 'elsewhere' : (places[0] ?? 'none');
}

/** Sockets that listen, in a table of this protocol; addresses are dotted quads, also that in an IPv6 one, or IPv6 in hexadecimal. */
export function socketsIn(table: string, protocol: Protocol): ListeningSocket[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    return state === listening[protocol]
      ? [{ address: readable(address), port: Number.parseInt(port, 16) }]
      : [];
  });
}

/** All addresses of IPv6 are all of IPv4, too. */
function readable(address: string): string {
  if (/^0+$/.test(address)) return ALL;
  if (address.length !== 8 && !address.startsWith(MAPPED)) return address;
  return [6, 4, 2, 0].map((at) => Number.parseInt(address.slice(-8).slice(at, at + 2), 16)).join('.');
}

export function placeOf(address: string, ownIp: string): 'here' | 'loopback' | 'elsewhere' {
  if (address === ALL || address === ownIp) return 'here';
  return address === LOOPBACK_IPV6 || address.startsWith('127.') ? 'loopback' : 'elsewhere';
}
