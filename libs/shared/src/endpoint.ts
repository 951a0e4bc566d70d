/**
 * A UDP endpoint as text, `192.0.2.1:51820` or `[2001:db8::1]:51820`: the spelling of `wg`, of the API and of
 * the player list. Canonical, so that two endpoints are the same exactly when their texts are.
 */
import { formatIpAddress, parseIpAddress } from './ip-address';

declare const endpointBrand: unique symbol;

/** `ip:port` or `[ip]:port` in canonical form, made by {@link parseEndpoint} or {@link formatEndpoint}. */
export type Endpoint = string & { readonly [endpointBrand]: true };

/** The two halves of an {@link Endpoint}: a canonical IP address without brackets, and a port from 1 to 65535. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

const endpointSyntax = /^(?:(?<ipv4>[\d.]+)|\[(?<ipv6>[\da-f]*:[\da-f:.]*)\]):(?<port>[1-9]\d{0,4})$/i;
const highestPort = 65_535;

/** The canonical endpoint that a text stands for; undefined for host names, port 0 and anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const parts = endpointSyntax.exec(text)?.groups;
  const bytes = parseIpAddress(parts?.['ipv4'] ?? parts?.['ipv6'] ?? '');
  const port = Number(parts?.['port']);
  if (!bytes || port > highestPort) return undefined;
  return compose(formatIpAddress(bytes), port);
}

/** Joins an IP address and a port; throws a RangeError when either is not one. */
export function formatEndpoint({ address, port }: SocketAddress): Endpoint {
  const bytes = parseIpAddress(address);
  if (!bytes) throw new RangeError(`not an IP address: ${address}`);
  if (!Number.isInteger(port) || port < 1 || port > highestPort) throw new RangeError(`not a port: ${port}`);
  return compose(formatIpAddress(bytes), port);
}

/** Takes an endpoint apart again. */
export function splitEndpoint(endpoint: Endpoint): SocketAddress {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon);
  return {
    address: host.startsWith('[') ? host.slice(1, -1) : host,
    port: Number(endpoint.slice(colon + 1)),
  };
}

function compose(address: string, port: number): Endpoint {
  return (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`) as Endpoint;
}
