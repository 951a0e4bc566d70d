/** Which address of this machine others reach it at, as far as the machine knows. */
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/** An address of networks for documentation (RFC 5737): nobody is there, and nothing is sent. */
const SOMEWHERE = '192.0.2.1';
const DISCARD_PORT = 9;

/**
 * The IPv4 address from which this machine speaks to the Internet: of several, that of a bridge for containers, of a VPN or
 * one that the machine gave itself would be of no use. Without a default route the first that is not loopback, and without
 * any 127.0.0.1.
 */
export async function ownAddress(): Promise<string> {
  return (await sourceTowards(SOMEWHERE)) ?? firstAddress() ?? '127.0.0.1';
}

/**
 * The IPv4 address from which this machine speaks to another one; undefined without a route. Connecting a UDP socket sends
 * nothing, but makes the kernel choose a source.
 */
export function sourceTowards(address: string): Promise<string | undefined> {
  const socket = createSocket('udp4');
  return new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(socket.address().address));
    socket.on('error', () => resolve(undefined));
    socket.connect(DISCARD_PORT, address);
  }).finally(() => socket.close());
}

function firstAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
