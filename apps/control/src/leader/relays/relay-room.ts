import type { RelayRefusal } from '#shared/api/party';
import type { PartyId } from '#shared/party/identity';
import { groupBy } from '../../util/lists';
import type { PartyRecord } from '../../model/party';
import { hasCapacity } from '../../model/relay-facts';
import type { Pair } from './pair';
import type { PairBook } from './pair-book';
import type { RelayRegistry } from './registry';
import { FREE_SHARE, rule, type Claim } from './shares';

interface KnownParty {
  readonly account: string;
  readonly players: number;
}

export interface Admission {
  /** These may be opened … */
  readonly granted: readonly Pair[];
  /** … when these are closed, … */
  readonly evicted: readonly Pair[];
  /** … and these are not. */
  readonly refused: ReadonlyMap<Pair, RelayRefusal>;
}

/** How the relays' room is shared just now; the rules are in shares.ts. */
export class RelayRoom {
  /** The parties that have pairs. One is missing if nobody has said anything about it since this term began. */
  private readonly parties = new Map<PartyId, KnownParty>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly pairs: PairBook,
  ) {}

  /** Notes how a party is now. All parties that were made from one address share one account. */
  note({ id, origin, ownerId, members }: PartyRecord): void {
    if (members.length > 1) this.parties.set(id, { account: origin ?? ownerId, players: members.length });
  }

  /** Forgets parties that have no pairs any more. */
  forget(partyIds: ReadonlySet<PartyId>): void {
    for (const partyId of partyIds) if (!this.pairs.hasParty(partyId)) this.parties.delete(partyId);
  }

  /** Decides about pairs that need a relay, or another one. */
  admit(asking: readonly Pair[]): Admission {
    const relays = this.registry.all().filter(hasCapacity);
    const refused = new Map<Pair, RelayRefusal>();
    if (!relays.some(({ ready }) => ready)) {
      for (const pair of asking) refused.set(pair, 'no_relay');
      return { granted: [], evicted: [], refused };
    }
    const capacity = sumOf(relays, ({ capacityPairs }) => capacityPairs);
    if (sumOf(relays, ({ pairs }) => pairs) + asking.length <= capacity * FREE_SHARE)
      return { granted: asking, evicted: [], refused };
    return this.divide(asking, capacity, refused);
  }

  private divide(asking: readonly Pair[], capacity: number, refused: Map<Pair, RelayRefusal>): Admission {
    const claims = this.claimsBeside(asking);
    const granted: Pair[] = [];
    const evicted: Pair[] = [];
    const change = (partyId: PartyId, held: number, unused: number) => {
      const claim = claims.get(partyId);
      if (claim) claims.set(partyId, { ...claim, held: claim.held + held, unused: claim.unused + unused });
    };
    const heldBy = (partyId: PartyId) => claims.get(partyId)?.held ?? 0;
    const groups = [...groupBy(asking, ({ partyId }) => partyId)];
    for (const [partyId, group] of groups.sort(([one], [other]) => heldBy(one) - heldBy(other))) {
      const ruling = rule(partyId, group.length, [...claims.values()], capacity);
      for (const [loser, count] of ruling.evicted) {
        evicted.push(...this.unusedOf(loser, count, [...evicted, ...asking]));
        change(loser, -count, -count);
      }
      const open = group.slice(0, ruling.granted);
      granted.push(...open);
      change(partyId, open.length, open.filter(({ used }) => !used).length);
      for (const pair of group.slice(ruling.granted)) refused.set(pair, ruling.refusal ?? 'relays_full');
    }
    return { granted, evicted, refused };
  }

  /** What parties have besides these pairs. */
  private claimsBeside(asking: readonly Pair[]): Map<PartyId, Claim> {
    const leaving = groupBy(
      asking.filter(({ relayId }) => relayId !== null),
      ({ partyId }) => partyId,
    );
    return new Map(
      this.pairs.tallies().map(({ partyId, ...tally }) => {
        // A party that nobody has spoken of yet: it has an account of its own, and is not known to be small.
        const known = this.parties.get(partyId) ?? { account: partyId, players: Infinity };
        const gone = leaving.get(partyId) ?? [];
        const held = tally.held - gone.length;
        const unused = tally.unused - gone.filter(({ used }) => !used).length;
        return [partyId, { partyId, ...known, held, unused, wanted: tally.wanted }];
      }),
    );
  }

  private unusedOf(partyId: PartyId, count: number, except: readonly Pair[]): Pair[] {
    const taken = new Set(except);
    const isIdle = (pair: Pair) => pair.relayId !== null && !pair.used && !pair.opening && !taken.has(pair);
    return this.pairs.ofParty(partyId).filter(isIdle).slice(0, count);
  }
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
