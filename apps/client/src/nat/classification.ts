/**
 * From what STUN servers saw and did to a NAT type. Pure.
 *
 * Mapping (RFC 4787 section 4.1) shows when several endpoints of servers see one socket. Filtering (section 5) shows
 * only to a server that answers from another endpoint on request (RFC 5780 section 4.4). Two ports of one address tell only what
 * depends on ports. The type is then the least open one that fits: it says with whom a direct path is to be expected at least.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import type { NatType } from '#shared/party/nat-type';

/** How one endpoint of a server saw the probing socket. */
export interface MappingObservation {
  readonly server: Endpoint;
  readonly mapped: Endpoint;
}

/** What came of a request to answer from another endpoint. */
export interface ChangeResult {
  /** `refused`: the server cannot do it. `unfinished`: no time was left to wait for an answer. */
  readonly outcome: 'arrived' | 'silent' | 'refused' | 'unfinished';
  /** The endpoint from which the answer had to come; null when the server does not say. */
  readonly expectedFrom: Endpoint | null;
}

/** What one server got through to a socket that has sent to nobody but one endpoint of this server. */
export interface FilteringObservation {
  /** From another address and port. */
  readonly otherAddress: ChangeResult;
  /** From another port of the same address. */
  readonly otherPort: ChangeResult;
}

/** Everything that was found out about the way between a socket and the internet. */
export interface Evidence {
  readonly mappings: readonly MappingObservation[];
  readonly filterings: readonly FilteringObservation[];
  /** Every address of this machine, and the port of the socket that asked for the mappings. */
  readonly local: { readonly addresses: ReadonlySet<string>; readonly port: number };
}

/**
 * `not_port_dependent`: endpoint-independent or address-dependent, it is not known which. `endpoint_dependent`: on the address
 * or on address and port.
 */
export type MappingBehaviour =
  | 'none'
  | 'endpoint_independent'
  | 'not_port_dependent'
  | 'address_dependent'
  | 'address_and_port_dependent'
  | 'endpoint_dependent'
  | 'unknown';

/** `not_port_dependent` as for the mapping. */
export type FilteringBehaviour =
  | 'endpoint_independent'
  | 'not_port_dependent'
  | 'address_dependent'
  | 'address_and_port_dependent'
  | 'unknown';

export interface NatClassification {
  readonly natType: NatType;
  readonly mapping: MappingBehaviour;
  readonly filtering: FilteringBehaviour;
  /** Whether the public port is the local one (RFC 4787 section 4.2.1); null while unknown. */
  readonly portPreservation: boolean | null;
  /** The endpoint that every server saw; null when they disagree or none answered. */
  readonly publicEndpoint: Endpoint | null;
}

export function classifyNat({ mappings, filterings, local }: Evidence): NatClassification {
  const mapping = mappingBehaviour(mappings, local);
  const filtering = filteringBehaviour(filterings, mappings);
  return {
    natType: natType(mapping, filtering),
    mapping,
    filtering,
    portPreservation: portPreservation(mappings, local.port),
    publicEndpoint: (isEndpointDependent(mapping) ? undefined : mappings[0]?.mapped) ?? null,
  };
}

function natType(mapping: MappingBehaviour, filtering: FilteringBehaviour): NatType {
  if (isEndpointDependent(mapping)) return 'symmetric';
  if (mapping === 'unknown') return 'unknown';
  switch (filtering) {
    case 'endpoint_independent':
      return mapping === 'none' ? 'open' : 'full_cone';
    // A firewall without translation lets peers in by the same rules as a NAT that filters like it.
    case 'address_dependent':
    case 'not_port_dependent':
      return 'restricted_cone';
    case 'address_and_port_dependent':
    case 'unknown':
      return 'port_restricted_cone';
  }
}

const endpointDependent: ReadonlySet<MappingBehaviour> = new Set([
  'address_dependent',
  'address_and_port_dependent',
  'endpoint_dependent',
]);

export function isEndpointDependent(mapping: MappingBehaviour): boolean {
  return endpointDependent.has(mapping);
}

function mappingBehaviour(mappings: Evidence['mappings'], local: Evidence['local']): MappingBehaviour {
  const [first] = mappings;
  if (!first) return 'unknown';
  const byAddress = mappedByAddress(mappings);
  if (mappings.every(({ mapped }) => mapped === first.mapped)) {
    const { address, port } = splitEndpoint(first.mapped);
    if (port === local.port && local.addresses.has(address)) return 'none';
    if (byAddress.length > 1) return 'endpoint_independent';
    return mappings.length > 1 ? 'not_port_dependent' : 'unknown';
  }
  const toSeveralPorts = byAddress.filter((mapped) => mapped.length > 1);
  if (toSeveralPorts.some((mapped) => new Set(mapped).size > 1)) return 'address_and_port_dependent';
  return toSeveralPorts.length > 0 ? 'address_dependent' : 'endpoint_dependent';
}

/** For each address of a server, what its ports saw. */
function mappedByAddress(mappings: Evidence['mappings']): Endpoint[][] {
  const addressOf = ({ server }: MappingObservation) => splitEndpoint(server).address;
  return [...new Set(mappings.map(addressOf))].map((address) =>
    mappings.filter((mapping) => addressOf(mapping) === address).map(({ mapped }) => mapped),
  );
}

/** What arrived is proof, so it outweighs another server's silence, which may be lost packets. */
function filteringBehaviour(
  filterings: Evidence['filterings'],
  mappings: Evidence['mappings'],
): FilteringBehaviour {
  const answering = new Set(mappings.map(({ server }) => server));
  const all = filterings.map(({ otherAddress, otherPort }) => ({
    address: isLetIn(otherAddress, answering),
    port: isLetIn(otherPort, answering),
  }));
  if (all.some(({ address }) => address === true)) return 'endpoint_independent';
  if (all.some(({ port }) => port === true)) {
    return all.some(({ address, port }) => address === false && port === true)
      ? 'address_dependent'
      : 'not_port_dependent';
  }
  return all.some(({ port }) => port === false) ? 'address_and_port_dependent' : 'unknown';
}

/** Silence means a filter only if the endpoint that had to answer is known to be alive; null: cannot be told. */
function isLetIn({ outcome, expectedFrom }: ChangeResult, answering: ReadonlySet<Endpoint>): boolean | null {
  if (outcome === 'arrived') return true;
  return outcome === 'silent' && expectedFrom !== null && answering.has(expectedFrom) ? false : null;
}

function portPreservation(mappings: Evidence['mappings'], localPort: number): boolean | null {
  if (mappings.length === 0) return null;
  return mappings.every(({ mapped }) => splitEndpoint(mapped).port === localPort);
}
