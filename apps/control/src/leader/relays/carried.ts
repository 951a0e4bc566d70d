/** How large a party do the relays at hand carry? Pure. */
import { sharedRoom } from './shares';

/** Pairs that share a port of a relay, see docs/protocol.md. */
const PAIRS_PER_PORT = 64;

/**
 * The largest party that finds room for all its pairs on relays that carry nothing else: 2n − 3 ports for n players, and
 * n (n − 1) / 2 pairs beside what is reserved for small parties. A relay has at least as many ports as its pairs need.
 */
export function largestCarried(relays: readonly { readonly capacityPairs: number }[]): number {
  const pairs = relays.reduce((sum, { capacityPairs }) => sum + capacityPairs, 0);
  const ports = relays.reduce((sum, { capacityPairs }) => sum + Math.ceil(capacityPairs / PAIRS_PER_PORT), 0);
  const byPorts = Math.floor((ports + 3) / 2);
  const byPairs = Math.floor((1 + Math.sqrt(1 + 8 * sharedRoom(pairs))) / 2);
  return ports === 0 ? 1 : Math.max(1, Math.min(byPorts, byPairs));
}
