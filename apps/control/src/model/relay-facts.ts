/** What is known of a relay, and what follows from it. Pure. */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';

/** What decides about a relay. */
export interface RelayFacts {
  readonly id: string;
  readonly region: string;
  /** Its link is up and it has said which pairs it has. */
  readonly ready: boolean;
  /** It is about to stop, or to be empty: takes no more pairs, and gives away those that it has. */
  readonly draining: boolean;
  /** It answers neither its link nor STUN, see liveness.ts. */
  readonly dead: boolean;
  /** It answers STUN although its link may be down. */
  readonly answering: boolean;
  /** Since when its link is down, or its address not known to be its own; null while both are well. */
  readonly awaySinceMs: number | null;
  readonly capacityPairs: number;
  /** Pairs that are assigned to it. */
  readonly pairs: number;
  /** As it reported last. */
  readonly packetsPerSecond: number;
}

/** Whether a relay takes another pair. */
export function hasRoom(relay: RelayFacts): boolean {
  return relay.ready && !relay.draining && !relay.dead && relay.pairs < relay.capacityPairs;
}

/** Whether its room counts: it takes pairs, or has some and may be back in a moment. */
export function hasCapacity({ ready, draining, dead, pairs }: RelayFacts): boolean {
  return !draining && !dead && (ready || pairs > 0);
}

/** The address to which players send, and those of STUN, each once. */
export function announcedAddresses({
  publicAddress,
  stunEndpoints,
}: {
  readonly publicAddress: string;
  readonly stunEndpoints: readonly Endpoint[];
}): string[] {
  return [...new Set([publicAddress, ...stunEndpoints.map((endpoint) => splitEndpoint(endpoint).address)])];
}
