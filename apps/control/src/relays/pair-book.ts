import type { PeerId } from '#shared/party/identity';
import type { Pair } from './pair';

/** The pairs there are, by id and by player. */
export class PairBook {
  private readonly pairs = new Map<string, Pair>();
  private readonly byPlayer = new Map<PeerId, Set<Pair>>();

  get size(): number {
    return this.pairs.size;
  }

  get(pairId: string): Pair | undefined {
    return this.pairs.get(pairId);
  }

  has(pairId: string): boolean {
    return this.pairs.has(pairId);
  }

  values(): Pair[] {
    return [...this.pairs.values()];
  }

  of(peerId: PeerId): Pair[] {
    return [...(this.byPlayer.get(peerId) ?? [])];
  }

  /** @returns the pair of this id that is known already, else this one, which is known from now on */
  keep(pair: Pair): Pair {
    const known = this.pairs.get(pair.pairId);
    if (known) return known;
    this.pairs.set(pair.pairId, pair);
    for (const peerId of pair.peers) {
      const own = this.byPlayer.get(peerId);
      if (own) own.add(pair);
      else this.byPlayer.set(peerId, new Set([pair]));
    }
    return pair;
  }

  delete(pair: Pair): void {
    this.pairs.delete(pair.pairId);
    for (const peerId of pair.peers) {
      const own = this.byPlayer.get(peerId);
      own?.delete(pair);
      if (own?.size === 0) this.byPlayer.delete(peerId);
    }
  }
}
