import { createSocket, type Socket } from 'node:dgram';
import type { SocketAddress } from '#shared/endpoint';

/** Room for bursts while the event loop is busy; the system may grant less. */
export const socketBufferBytes = 4 * 1024 * 1024;

/** A port that somebody else has, or that we may not have, or of an address that is not of this machine. */
export class PortUnavailableError extends Error {
  /** @param cause what binding failed with */
  constructor(
    readonly local: SocketAddress,
    override readonly cause: unknown,
  ) {
    super(`UDP port ${local.port} of ${local.address} is not available`);
  }
}

/**
 * A UDP socket on the given port (0: any) of a local IPv4 or IPv6 address.
 * @throws PortUnavailableError when the port is taken or privileged, or the address is not of this machine.
 */
export async function bindUdp(address: string, port: number): Promise<Socket> {
  const family = address.includes(':') ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    recvBufferSize: socketBufferBytes,
    sendBufferSize: socketBufferBytes,
    // Destinations are IP addresses: the resolver would cost a trip through the event loop per packet.
    lookup: (literal, _options, callback) => callback(null, literal, family),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    return socket;
  } catch (error) {
    socket.close();
    throw isUnavailable(error) ? new PortUnavailableError({ address, port }, error) : error;
  }
}

export function closeUdp(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(resolve));
}

/** Whether binding failed for what {@link PortUnavailableError} stands for. */
export function isUnavailable(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL';
}
