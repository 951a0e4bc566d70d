import type { IncomingMessage } from 'node:http';
import { clientAddress, isForwarded, plainAddress } from '../util/client-address';
import type { Reached } from './own-names';

/** How a request came here, with the name that its Host header says. */
export function reachedBy(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustedProxies: number,
): Reached {
  const { localAddress = '', localPort = 0 } = request.socket;
  const isHidden = trustedProxies === 0 && isForwarded(request);
  return {
    host: request.headers.host ?? '',
    address: plainAddress(localAddress),
    port: localPort,
    clientAddress: isHidden ? null : clientAddress(request, trustedProxies),
  };
}
