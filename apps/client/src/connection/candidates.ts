/** Which addresses of another player are worth sending to, and which are not to be sent to. Pure. */
import type { Candidate } from '#shared/api/party';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { isVirtualIp } from '#shared/party/virtual-ip';

/** Whoever lists many addresses must not make others knock at all of them. */
const MOST_LOCAL = 3;
const MOST_GLOBAL = 4;
/** Below are other people's services, which a player's WireGuard is not among. */
const LOWEST_PORT = 1_024;

/** The endpoints to try, in this order: the local network's, then the order in which they came. */
export function endpointsToTry(candidates: readonly Candidate[]): Endpoint[] {
  const usable = [...new Set(candidates.map(({ endpoint }) => endpoint))].filter(isUsable);
  const local = usable.filter((endpoint) => scopeOf(endpoint) === 'private');
  const global = usable.filter((endpoint) => scopeOf(endpoint) !== 'private');
  return [...local.slice(0, MOST_LOCAL), ...global.slice(0, MOST_GLOBAL)];
}

function isUsable(endpoint: Endpoint): boolean {
  const { address, port } = splitEndpoint(endpoint);
  const scope = scopeOf(endpoint);
  return (
    port >= LOWEST_PORT &&
    (scope === 'global' || scope === 'private' || scope === 'shared') &&
    // Through the tunnel to where the tunnel ends would be a loop.
    !isVirtualIp(address)
  );
}

function scopeOf(endpoint: Endpoint) {
  return ipScope(splitEndpoint(endpoint).address);
}
