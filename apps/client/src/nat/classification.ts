/**
 * From STUN answers to a NAT type. Pure.
 *
 * Mapping behaviour (RFC 4787 section 4.1) shows when two servers, or two ports of one, see the same socket. Filtering
 * behaviour (section 5) shows only to a server that answers from another address on request (RFC 5780 section 4.4);
 * without one the cone types cannot be told apart, and are not guessed.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import type { NatType } from '#shared/party/nat-type';

/** What one server saw of the probing socket. */
export interface MappingObservation {
  readonly server: Endpoint;
  readonly mapped: Endpoint;
}

export type MappingBehaviour = 'none' | 'endpoint_independent' | 'endpoint_dependent' | 'unknown';

export interface NatClassification {
  readonly natType: NatType;
  readonly mapping: MappingBehaviour;
  /** The address that every server saw; null when they disagree or none answered. */
  readonly publicEndpoint: Endpoint | null;
}

/** @param local every address of this machine, and the probing socket's port */
export function classifyNat(
  observations: readonly MappingObservation[],
  local: { addresses: ReadonlySet<string>; port: number },
): NatClassification {
  const mapping = mappingBehaviour(observations, local);
  const consistent = mapping !== 'endpoint_dependent';
  return {
    natType: natTypes[mapping],
    mapping,
    publicEndpoint: (consistent ? observations[0]?.mapped : undefined) ?? null,
  };
}

const natTypes: Record<MappingBehaviour, NatType> = {
  none: 'open',
  endpoint_independent: 'unknown',
  endpoint_dependent: 'symmetric',
  unknown: 'unknown',
};

function mappingBehaviour(
  observations: readonly MappingObservation[],
  local: { addresses: ReadonlySet<string>; port: number },
): MappingBehaviour {
  const servers = new Set(observations.map(({ server }) => server));
  const mappings = new Set(observations.map(({ mapped }) => mapped));
  const [mapped] = mappings;
  if (mapped === undefined) return 'unknown';
  if (mappings.size > 1) return 'endpoint_dependent';
  const { address, port } = splitEndpoint(mapped);
  if (port === local.port && local.addresses.has(address)) return 'none';
  return servers.size > 1 ? 'endpoint_independent' : 'unknown';
}
