/**
 * May a relay have the addresses that it announces? Players send to them, so nobody may announce the address of somebody
 * else's machine. Pure.
 */
import type { AnnouncedRelay } from '#shared/api/relay-link';
import { ipScope } from '#shared/ip-scope';
import { addressFault, endpointFault, LOWEST_PEER_PORT, type EndpointFault } from '#shared/peer-endpoint';
import { announcedAddresses } from '../../model/relay-facts';
import { isInOwnNetwork } from './dialled-name';

/** How a relay has come to us. */
export interface RelayConnection {
  /** The other end of its link, before our proxies; null when it cannot be told, behind a proxy that nobody told us of. */
  readonly clientAddress: string | null;
  /** It is a process of this machine, without a proxy between. */
  readonly isOfThisMachine: boolean;
  /** It showed a secret that no other relay has. */
  readonly hasOwnSecret: boolean;
  /** LANRAGE_PUBLIC_ADDRESS of this server. */
  readonly serverAddress: string | null;
}

/** Why players cannot use what is announced; null when they can. On this machine everything goes. */
export function announcedFault(relay: AnnouncedRelay, connection: RelayConnection): EndpointFault | null {
  if (connection.isOfThisMachine) return null;
  const faults = [
    addressFault(relay.publicAddress),
    ...relay.stunEndpoints.map(endpointFault),
    relay.ports.first < LOWEST_PEER_PORT ? ('low_port' as const) : null,
  ];
  const isLoopbackLink =
    connection.clientAddress !== null && ipScope(connection.clientAddress) === 'loopback';
  return faults.find((fault) => fault !== null && !(fault === 'loopback' && isLoopbackLink)) ?? null;
}

/**
 * The announced addresses of which it takes more to know that they are the relay's own. None of a relay on this machine, or
 * with a secret of its own, which the operator gave to that relay alone. The address from which the link comes is
 * the relay's, and the server's own one may be announced from its own network, where the link does not show it.
 */
export function addressesToProve(relay: AnnouncedRelay, connection: RelayConnection): string[] {
  const { clientAddress, isOfThisMachine, hasOwnSecret, serverAddress } = connection;
  if (isOfThisMachine || hasOwnSecret) return [];
  const isServers = (address: string) => address === serverAddress && isInOwnNetwork(clientAddress);
  return announcedAddresses(relay).filter((address) => address !== clientAddress && !isServers(address));
}
