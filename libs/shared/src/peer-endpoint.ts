/** Which endpoints a player's WireGuard can have. The server keeps no others, and agents send to no others. */
import { splitEndpoint, type Endpoint } from './endpoint';
import { ipScope, type IpScope } from './ip-scope';
import { parseIpAddress } from './ip-address';
import { isInNetwork, type VirtualNetwork } from './party/virtual-ip';

/**
 * Why an endpoint is none of a player's WireGuard: the scope of its address, or
 *
 * - `malformed`: it has no IP address.
 * - `low_port`: the port belongs to a service of the system (RFC 6335 section 6), which a player is not.
 */
export type EndpointFault = Exclude<IpScope, 'global' | 'private' | 'shared'> | 'malformed' | 'low_port';

/** The lowest port that is not reserved for services of the system (RFC 6335 section 6). */
export const LOWEST_PEER_PORT = 1_024;

/** An address of one of this machine's interfaces, with the length of its network's prefix in bits. */
export interface LocalNetwork {
  readonly address: string;
  readonly prefixBits: number;
}

/** @returns null when the endpoint can be a player's */
export function endpointFault(endpoint: Endpoint): EndpointFault | null {
  const { address, port } = splitEndpoint(endpoint);
  return addressFault(address) ?? (port < LOWEST_PEER_PORT ? 'low_port' : null);
}

/**
 * Why an address cannot be a player's, whatever its port; null when it can. Private and shared (RFC 6598) addresses can:
 * players of one household or one carrier, and all players of a server in a local network, reach each other there.
 *
 * @param address canonical
 */
export function addressFault(address: string): EndpointFault | null {
  const scope = ipScope(address) ?? 'malformed';
  return scope === 'global' || scope === 'private' || scope === 'shared' ? null : scope;
}

/** Whether an endpoint is inside the network of a party: for its members the tunnel would lead into itself. */
export function isInsideParty(endpoint: Endpoint, network: VirtualNetwork): boolean {
  return isInNetwork(splitEndpoint(endpoint).address, network);
}

/** Whether a player's WireGuard can be at the endpoint, see {@link endpointFault}. */
export function mayBeEndpoint(endpoint: Endpoint): boolean {
  return endpointFault(endpoint) === null;
}

/**
 * Whether an IPv4 address stands for all machines of a network (RFC 1122 section 3.2.1.3: all bits after the prefix are
 * ones, or zeros in the old form). Only a machine that is in the network can tell. Networks of one or two addresses
 * have none (RFC 3021).
 */
export function isDirectedBroadcast(address: string, networks: readonly LocalNetwork[]): boolean {
  const value = ipv4Number(address);
  if (value === undefined) return false;
  return networks.some(({ address: own, prefixBits }) => {
    const ownValue = ipv4Number(own);
    if (ownValue === undefined || prefixBits > 30) return false;
    const size = 2 ** (32 - prefixBits);
    const place = value % size;
    return value - place === ownValue - (ownValue % size) && (place === 0 || place === size - 1);
  });
}

function ipv4Number(address: string): number | undefined {
  const bytes = parseIpAddress(address);
  return bytes?.length === 4 ? Buffer.from(bytes).readUInt32BE() : undefined;
}
