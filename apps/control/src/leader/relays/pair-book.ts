import type { PartyId, PeerId } from '#shared/party/identity';
import type { Pair } from './pair';

/** How many pairs a party has. */
export interface Tally {
  readonly partyId: PartyId;
  readonly wanted: number;
  /** How many of them a relay is to carry. */
  readonly held: number;
  /** How many of the held ones nothing ever went through. */
  readonly unused: number;
}

interface PartyPairs {
  readonly pairs: Set<Pair>;
  held: number;
  unused: number;
}

/** The pairs there are, by id, by player, by party and by relay. */
export class PairBook {
  private readonly pairs = new Map<string, Pair>();
  private readonly byPlayer = new Map<PeerId, Set<Pair>>();
  private readonly byParty = new Map<PartyId, PartyPairs>();
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

  hasParty(partyId: PartyId): boolean {
    return this.byParty.has(partyId);
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

  ofParty(partyId: PartyId): Pair[] {
    return [...(this.byParty.get(partyId)?.pairs ?? [])];
  }

  tallies(): Tally[] {
    return [...this.byParty].map(([partyId, { pairs, held, unused }]) => {
      return { partyId, wanted: pairs.size, held, unused };
    });
  }

  /** @returns the pair of this id that is known already, else this one, which is known from now on */
  keep(pair: Pair): Pair {
    const known = this.pairs.get(pair.pairId);
    if (known) return known;
    this.pairs.set(pair.pairId, pair);
    for (const peerId of pair.peers) addTo(this.byPlayer, peerId, pair);
    addTo(this.byRelay, pair.relayId, pair);
    const party = this.byParty.get(pair.partyId) ?? { pairs: new Set(), held: 0, unused: 0 };
    this.byParty.set(pair.partyId, party);
    party.pairs.add(pair);
    count(party, pair, 1);
    return pair;
  }

  /** Assigns a pair to a relay, or to none. */
  place(pair: Pair, relayId: string | null): void {
    this.change(pair, () => {
      removeFrom(this.byRelay, pair.relayId, pair);
      addTo(this.byRelay, relayId, pair);
      pair.relayId = relayId;
    });
    pair.relayId = relayId;
  }

  /** Notes that something went through it. */
  use(pair: Pair): void {
    this.change(pair, () => {
      pair.used = true;
    });
  }

  delete(pair: Pair): void {
    if (this.pairs.get(pair.pairId) !== pair) return;
    this.pairs.delete(pair.pairId);
    for (const peerId of pair.peers) removeFrom(this.byPlayer, peerId, pair);
    removeFrom(this.byRelay, pair.relayId, pair);
    const party = this.byParty.get(pair.partyId);
    if (!party) return;
    count(party, pair, -1);
    party.pairs.delete(pair);
    if (party.pairs.size === 0) this.byParty.delete(pair.partyId);
  }

  private change(pair: Pair, edit: () => void): void {
    if (this.pairs.get(pair.pairId) !== pair) return;
    const party = this.byParty.get(pair.partyId);
    if (party) count(party, pair, -1);
    edit();
    if (party) count(party, pair, 1);
  }
}

function count(party: PartyPairs, { relayId, used }: Pair, step: 1 | -1): void {
  if (relayId === null) return;
  party.held += step;
  if (!used) party.unused += step;
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
