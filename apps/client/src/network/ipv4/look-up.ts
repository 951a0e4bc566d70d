import { lookup, type LookupAddress } from 'node:dns';
import { isIPv6, type LookupFunction } from 'node:net';
import { ipv4Access } from './ipv4-access';

/**
 * The addresses of a name, as `dns.lookup`, for connections: where a NAT64 translates, IPv4 ones by its prefix, also when the
 * name came from elsewhere than the network's DNS64 (RFC 8305 section 7.1).
 */
export const lookUp: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    if (error) return callback(error, found, family);
    if (typeof found !== 'string') return callback(null, translated(found));
    const [{ address, family: its } = { address: found, family }] = translated([{ address: found, family }]);
    callback(null, address, its);
  });
};

function translated(found: readonly LookupAddress[]): LookupAddress[] {
  const addresses = new Set(found.map(({ address }) => ipv4Access.outwardAddress(address)));
  return [...addresses].map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}
