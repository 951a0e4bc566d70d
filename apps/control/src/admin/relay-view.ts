/** A relay as whoever runs the server sees it. */
import type { ListedRelay } from '../live/contract';
import type { AdminRelay } from './admin.api';

export function relayView(relay: ListedRelay): AdminRelay {
  const { id, region, pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs } = relay;
  const load = { packetsPerSecond, bytesPerSecond, eventLoopDelayMs };
  // Whoever stops by itself does so whatever the operator says next.
  const byOperator = relay.drained ? 'operator' : null;
  const draining = relay.stopping ? 'itself' : byOperator;
  return { id, region, state: stateOf(relay), draining, pairs, capacityPairs, ...load };
}

/** One that is to be drained when it comes. */
export function unknownRelay(id: string): AdminRelay {
  const load = { packetsPerSecond: 0, bytesPerSecond: 0, eventLoopDelayMs: null };
  return { id, region: null, state: 'unknown', draining: 'operator', pairs: 0, capacityPairs: 0, ...load };
}

function stateOf({ ready, dead, awaySinceMs }: ListedRelay): AdminRelay['state'] {
  if (dead) return 'dead';
  if (awaySinceMs !== null) return 'away';
  return ready ? 'ready' : 'connecting';
}
