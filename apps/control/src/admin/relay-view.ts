/** A relay as the operator sees it. */
import type { ListedRelay } from '../leader-client/contract';
import type { AdminRelay } from './admin.api';

export function relayView(relay: ListedRelay): AdminRelay {
  const { id, region, pairs, capacityPairs, packetsPerSecond, bytesPerSecond, eventLoopDelayMs } = relay;
  const load = { packetsPerSecond, bytesPerSecond, eventLoopDelayMs };
  // A relay that stops by itself does so whatever the operator says next.
  const byOperator = relay.drained ? 'operator' : null;
  const draining = relay.stopping ? 'itself' : byOperator;
  const unproven = [...relay.unproven];
  const { publicAddress, fault } = relay;
  const ways = { unproven, publicAddress, fault };
  return { id, region, state: stateOf(relay), ...ways, draining, pairs, capacityPairs, ...load };
}

/** One that is to be drained when it comes. */
export function unknownRelay(id: string): AdminRelay {
  const load = { packetsPerSecond: 0, bytesPerSecond: 0, eventLoopDelayMs: null };
  const ways = { unproven: [], publicAddress: null, fault: null };
  const pairs = { pairs: 0, capacityPairs: 0 };
  return { id, region: null, state: 'unknown', ...ways, draining: 'operator', ...pairs, ...load };
}

function stateOf({ ready, dead, unproven, awaySinceMs }: ListedRelay): AdminRelay['state'] {
  if (dead) return 'dead';
  if (unproven.length > 0) return 'unproven';
  if (awaySinceMs !== null) return 'away';
  return ready ? 'ready' : 'connecting';
}
