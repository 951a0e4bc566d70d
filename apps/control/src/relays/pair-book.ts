import type { PeerId } from '#shared/party/identity';
import type { Pair } from './pair';

/** The pairs there are, by id, by player and by relay. */
export class PairBook {
  private readonly pairs = new Map<string, Pair>();
  private readonly byPlayer = new Map<PeerId, Set<Pair>>();
  /** Null: the relay of those that have none. */
  private readonly byRelay = new Map<string | null, Set<Pair>>();

  get size(): number {
    return this.pairs.size;
  }

  get(pairId: string): Pair | undefined {
    return this.pairs.get(pairId);
  }

  has(pairId: string): boolean {
    return this.pairs.has(pairId);
  }

  /** The relays that pairs are assigned to; null among them if some have none. */
  relayIds(): (string | null)[] {
    return [...this.byRelay.keys()];
  }

  on(relayId: string | null): Pair[] {
    return [...(this.byRelay.get(relayId) ?? [])];
  }

  of(peerId: PeerId): Pair[] {
    return [...(this.byPlayer.get(peerId) ?? [])];
  }

  /** @returns the pair of this id that is known already, else this one, which is known from now on */
  keep(pair: Pair): Pair {
    const known = this.pairs.get(pair.pairId);
    if (known) return known;
    this.pairs.set(pair.pairId, pair);
    for (const peerId of pair.peers) addTo(this.byPlayer, peerId, pair);
    addTo(this.byRelay, pair.relayId, pair);
    return pair;
  }

  /** Assigns a pair to a relay, or to none. */
  place(pair: Pair, relayId: string | null): void {
    if (this.pairs.get(pair.pairId) === pair) {
      removeFrom(this.byRelay, pair.relayId, pair);
      addTo(this.byRelay, relayId, pair);
    }
    pair.relayId = relayId;
  }

  delete(pair: Pair): void {
    this.pairs.delete(pair.pairId);
    for (const peerId of pair.peers) removeFrom(this.byPlayer, peerId, pair);
    removeFrom(this.byRelay, pair.relayId, pair);
  }
}

function addTo<Key>(index: Map<Key, Set<Pair>>, key: Key, pair: Pair): void {
  const found = index.get(key);
  if (found) found.add(pair);
  else index.set(key, new Set([pair]));
}

function removeFrom<Key>(index: Map<Key, Set<Pair>>, key: Key, pair: Pair): void {
  const found = index.get(key);
  found?.delete(pair);
  if (found?.size === 0) index.delete(key);
}
