import type { Logger } from 'pino';
import { openDgramPort } from './dgram-port';
import { loadNativePorts } from './native/native-ports';
import type { OpenUdpPort } from './udp-port';

/** How the relay's ports are opened here: many datagrams at a time where that can be had, unless it is not wanted. */
export async function chooseUdpPorts(isBatchingWanted: boolean, log: Logger): Promise<OpenUdpPort> {
  if (!isBatchingWanted) return openDgramPort;
  const openNativePort = await loadNativePorts();
  if (typeof openNativePort === 'function') return openNativePort;
  log.info({ reason: openNativePort }, 'forwarding one datagram at a time');
  return openDgramPort;
}
