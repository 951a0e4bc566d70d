import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { openDgramPort } from './dgram-port';
import { loadNativePorts } from './native/native-ports';
import type { OpenUdpPort } from './udp-port';
import { isWildcard } from './wildcard';

/**
 * How the relay's ports are opened here: many datagrams at a time where that can be had, unless it is not wanted.
 * @param publicAddress to which players send: where a port on all addresses could not tell which one was asked, it is on this
 * one alone, if it is this machine's
 */
export async function chooseUdpPorts(
  isBatchingWanted: boolean,
  log: Logger,
  publicAddress?: string,
): Promise<OpenUdpPort> {
  if (!isBatchingWanted) return dgramPorts(publicAddress);
  const openNativePort = await loadNativePorts();
  if (typeof openNativePort === 'function') return openNativePort;
  log.info({ reason: openNativePort }, 'forwarding one datagram at a time');
  return dgramPorts(publicAddress);
}

function dgramPorts(publicAddress: string | undefined): OpenUdpPort {
  if (publicAddress === undefined || !isOwn(publicAddress)) return openDgramPort;
  return ({ address, port }, listener) =>
    openDgramPort({ address: isWildcard(address) ? publicAddress : address, port }, listener);
}

function isOwn(address: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some((one) => one.address === address);
}
