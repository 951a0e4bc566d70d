/** How IPv4 is reached here, and what that makes of addresses and endpoints. Pure. */
import { formatEndpoint, splitEndpoint, type Endpoint } from '#shared/endpoint';
import { embeddedAddress, isTranslatable, synthesise, type Nat64Prefix } from './nat64-prefix';

/**
 * `native`: by IPv4, as far as there is any network; `nat64`: the network carries IPv6 alone and translates; `none`: it
 * carries IPv6 alone, and what has an IPv4 address is out of reach.
 */
export type Ipv4Way =
  | { readonly kind: 'native' }
  | { readonly kind: 'nat64'; readonly prefix: Nat64Prefix }
  | { readonly kind: 'none' };

/** The address to send to, to reach this one. */
export function outwardAddress(address: string, way: Ipv4Way): string {
  return way.kind === 'nat64' && isTranslatable(address) ? synthesise(way.prefix, address) : address;
}

/** The endpoint to send to, to reach this one. */
export function outwardEndpoint(endpoint: Endpoint, way: Ipv4Way): Endpoint {
  const { address, port } = splitEndpoint(endpoint);
  return formatEndpoint({ address: outwardAddress(address, way), port });
}

/**
 * Whose address it is that packets come from: everything but WireGuard and the sockets knows IPv4 endpoints by their own
 * addresses alone.
 *
 * @param prefixes of this network's NAT64, or those before it, which a peer may still be pointed to
 */
export function inwardAddress(address: string, prefixes: readonly Nat64Prefix[]): string {
  for (const prefix of prefixes) {
    const embedded = embeddedAddress(prefix, address);
    if (embedded !== undefined && isTranslatable(embedded)) return embedded;
  }
  return address;
}

/** {@link inwardAddress} for an endpoint. */
export function inwardEndpoint(endpoint: Endpoint, prefixes: readonly Nat64Prefix[]): Endpoint {
  if (prefixes.length === 0) return endpoint;
  const { address, port } = splitEndpoint(endpoint);
  return formatEndpoint({ address: inwardAddress(address, prefixes), port });
}

/** Whether this network leads nowhere near an address, as that is an IPv4 one. */
export function isOutOfReach(address: string, way: Ipv4Way): boolean {
  return way.kind === 'none' && isTranslatable(address);
}
