/** Which addresses of another player are worth sending to, and which are not to be sent to. Pure. */
import type { Candidate } from '#shared/api/party';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { isDirectedBroadcast, isInsideParty, mayBeEndpoint } from '#shared/peer-endpoint';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import type { Surroundings } from './vantage';

/** A player that lists many addresses must not make others knock at all of them. */
const MOST_LOCAL = 3;
const MOST_GLOBAL = 4;

/**
 * The endpoints to try, in this order: the local network's, then the order in which they came.
 * Neither this machine itself nor a router of its own is among them: only a lie of the server's would make them players.
 */
export function endpointsToTry(candidates: readonly Candidate[], around: Surroundings): Endpoint[] {
  const usable = [...new Set(candidates.map(({ endpoint }) => endpoint))].filter(
    (endpoint) => mayBeEndpoint(endpoint) && !isOwn(splitEndpoint(endpoint).address, around),
  );
  const local = usable.filter(isPrivate);
  const others = usable.filter((endpoint) => !isPrivate(endpoint));
  return [...local.slice(0, MOST_LOCAL), ...others.slice(0, MOST_GLOBAL)];
}

/** Without those inside the party's network: the tunnel would lead into itself. */
export function outsideOf(network: VirtualNetwork, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ endpoint }) => !isInsideParty(endpoint, network));
}

function isOwn(address: string, { networks, gateways }: Surroundings): boolean {
  const isThisMachine = networks.some((network) => network.address === address);
  return isThisMachine || gateways.includes(address) || isDirectedBroadcast(address, networks);
}

function isPrivate(endpoint: Endpoint): boolean {
  return ipScope(splitEndpoint(endpoint).address) === 'private';
}
