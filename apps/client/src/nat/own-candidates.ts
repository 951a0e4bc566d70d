/** Where this machine's WireGuard may be reached without a relay, as told to the control plane. Pure. */
import { MAX_CANDIDATES, type Candidate } from '#shared/api/party';
import { formatEndpoint, type Endpoint } from '#shared/endpoint';
import { addressFault } from '#shared/peer-endpoint';
import { interfaceKind } from '../network/interface-kind';

/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
}

const MOST_HOSTS = 8;

/** Other tunnels come last: they are a detour. @param mapped the public endpoint that the router forwards to the port, if it does */
export function ownCandidates(
  addresses: readonly InterfaceAddress[],
  port: number,
  mapped: Endpoint | null,
): Candidate[] {
  const reachable = addresses.filter(isReachable);
  const hosts = [...reachable.filter((one) => !isTunnel(one)), ...reachable.filter(isTunnel)].map(
    ({ address }): Candidate => ({ kind: 'host', endpoint: formatEndpoint({ address, port }) }),
  );
  const mappings: Candidate[] = mapped ? [{ kind: 'mapped', endpoint: mapped }] : [];
  return [...hosts.slice(0, MOST_HOSTS), ...mappings].slice(0, MAX_CANDIDATES);
}

function isReachable({ interfaceName, address }: InterfaceAddress): boolean {
  return addressFault(address) === null && interfaceKind(interfaceName) !== 'inner';
}

function isTunnel({ interfaceName }: InterfaceAddress): boolean {
  return interfaceKind(interfaceName) === 'tunnel';
}
