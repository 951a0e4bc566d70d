/**
 * Which endpoints this machine sends to because a server named them: relays, STUN servers, and what those say in turn.
 * Pure.
 *
 * A server may send a player where it could send packets itself: as far away as it is, or farther. What is nearer, such as
 * services of the player's own machine and home, is none of its business. So on a LAN party, and on one machine,
 * private and loopback addresses work, while a server on the Internet can name none of them. The routers of the home
 * are left out all the same, unless the server is one of them or runs on this machine.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { isDirectedBroadcast, LOWEST_PEER_PORT, type LocalNetwork } from '#shared/peer-endpoint';

/** What is around this machine. */
export interface Surroundings {
  readonly networks: readonly LocalNetwork[];
  /** Routers that this machine sends through. */
  readonly gateways: readonly string[];
}

/**
 * `nearer`: a server is not to send players there, from where it is; `gateway`: of this machine's own network, where the
 * server is not; `unusable`: no single machine has the address; `low_port`: of a service of
 * the system.
 */
export type NamingFault = 'nearer' | 'gateway' | 'unusable' | 'low_port';

/** From the own machine to the Internet. */
const scopesByDistance: readonly (string | undefined)[] = [
  'loopback',
  'link_local',
  'private',
  'shared',
  'global',
];

/**
 * @param by addresses, canonical, at which the server that names the endpoint is spoken to; without any it counts as one
 *   on the Internet
 * @returns null when there is nothing against sending there
 */
export function namingFault(
  endpoint: Endpoint,
  by: readonly string[],
  { networks, gateways }: Surroundings,
): NamingFault | null {
  const { address, port } = splitEndpoint(endpoint);
  if (port < LOWEST_PEER_PORT) return 'low_port';
  const distance = distanceTo(address, networks);
  if (distance < 0 || isDirectedBroadcast(address, networks)) return 'unusable';
  const distanceOfServer = distanceToServer(by, networks);
  if (distance < distanceOfServer) return 'nearer';
  return distanceOfServer > 0 && gateways.includes(address) && !by.includes(address) ? 'gateway' : null;
}

const INTERNET = scopesByDistance.indexOf('global');

/** Distance of the farthest of the server's addresses. A translated one (NAT64, RFC 6146) leads to the Internet, too. */
function distanceToServer(by: readonly string[], networks: readonly LocalNetwork[]): number {
  const distances = by.map((address) => distanceTo(address, networks));
  return distances.length === 0 || distances.includes(-1) ? INTERNET : Math.max(...distances);
}

/** -1: no single machine has the address. */
function distanceTo(address: string, networks: readonly LocalNetwork[]): number {
  // An address of this machine's own leads to its services just as loopback does.
  if (networks.some((network) => network.address === address)) return 0;
  return scopesByDistance.indexOf(ipScope(address));
}
