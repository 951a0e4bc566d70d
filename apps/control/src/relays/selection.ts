/** Which relay carries a pair, and when does a pair need another one? Pure: facts in, answer out. */

export interface RelayFacts {
  readonly id: string;
  /** Its link is up and it has said which pairs it has. */
  readonly ready: boolean;
  /** Since when its link is down; null while it is up. */
  readonly awaySinceMs: number | null;
  readonly capacityPairs: number;
  /** Pairs that are assigned to it. */
  readonly pairs: number;
  /** As it reported last. */
  readonly packetsPerSecond: number;
}

/** How long a relay may be out of touch before its pairs move: they go on without the link all the while. */
export const RELAY_AWAY_MS = 15_000;

/** @returns the ready relay with the smallest share of its capacity in use, the calmest of equals; null when none has room */
export function chooseRelay(relays: readonly RelayFacts[]): string | null {
  const withRoom = relays.filter((relay) => relay.ready && relay.pairs < relay.capacityPairs);
  const [best] = withRoom.sort((a, b) => share(a) - share(b) || a.packetsPerSecond - b.packetsPerSecond);
  return best?.id ?? null;
}

/** @param current the relay that the pair is assigned to, if any */
export function needsAnotherRelay(current: RelayFacts | null, nowMs: number): boolean {
  return current === null || (current.awaySinceMs !== null && nowMs - current.awaySinceMs >= RELAY_AWAY_MS);
}

function share({ pairs, capacityPairs }: RelayFacts): number {
  return pairs / capacityPairs;
}
