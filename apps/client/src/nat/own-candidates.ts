/** Where this machine's WireGuard may be reached without a relay, as told to the control plane. Pure. */
import { MAX_CANDIDATES, type Candidate } from '#shared/api/party';
import { formatEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { isVirtualIp } from '#shared/party/virtual-ip';

/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
}

/** Networks inside this machine, of containers and virtual machines: nobody else is there. */
const innerNetworks = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|flannel|podman)/;
const MOST_HOSTS = 8;

/** @param mapped the public endpoint that the router forwards to the port, if it does */
export function ownCandidates(
  addresses: readonly InterfaceAddress[],
  port: number,
  mapped: Endpoint | null,
): Candidate[] {
  const hosts = addresses
    .filter(isReachable)
    .map(({ address }): Candidate => ({ kind: 'host', endpoint: formatEndpoint({ address, port }) }));
  const mappings: Candidate[] = mapped ? [{ kind: 'mapped', endpoint: mapped }] : [];
  return [...hosts.slice(0, MOST_HOSTS), ...mappings].slice(0, MAX_CANDIDATES);
}

function isReachable({ interfaceName, address }: InterfaceAddress): boolean {
  const scope = ipScope(address);
  return (
    (scope === 'global' || scope === 'private' || scope === 'shared') &&
    !innerNetworks.test(interfaceName) &&
    !isVirtualIp(address)
  );
}
