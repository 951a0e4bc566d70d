import type { Socket } from 'node:net';
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import { ipv4Access } from '../network/ipv4/ipv4-access';

/**
 * For each address of a server that has several, before the next one is tried. Node's own 250 ms are less than a round trip
 * takes by satellite or around the world, and then no address is ever reached.
 */
export const ATTEMPT_TIMEOUT_MS = 1_500;

const mapped = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** The host of a URL as certificates have it: an IPv6 address without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** At which IP addresses the control plane is spoken to: those of the open connections, or else of the last one. */
export class ServerAddresses {
  private readonly open = new Map<Socket, string>();
  private last: string | undefined;

  /** Counts a connection, once it is there and for as long as it lasts. */
  track(socket: Socket): void {
    const note = () => {
      const bytes = parseIpAddress(socket.remoteAddress?.replace(mapped, '') ?? '');
      // A NAT64 has no address of the server's own, which is the one that counts.
      const address = bytes && ipv4Access.inwardAddress(formatIpAddress(bytes));
      if (address) this.open.set(socket, (this.last = address));
    };
    if (socket.connecting) socket.once('connect', note);
    else note();
    socket.once('close', () => this.open.delete(socket));
  }

  /** Canonical; empty before the first connection. */
  get all(): readonly string[] {
    if (this.open.size > 0) return [...new Set(this.open.values())];
    return this.last === undefined ? [] : [this.last];
  }
}
