/**
 * Whose pairs do the relays carry when there is not room for all? Pure: who holds and wants how much in, a ruling out.
 *
 * While the relays are half full, everybody gets what they want. Beyond that, a party gets as much as a max–min fair division
 * gives it (Bertsekas and Gallager, Data Networks, section 6.5.2): first between accounts, so that somebody with many
 * parties has no more than somebody with one, then between the parties of an account. The last eighth of the room is for
 * parties of 16 and less, which always find some: an account that holds much already gets nothing of it.
 *
 * Who has less than that share, and finds no room, gets that of parties which have more than theirs: of their pairs those
 * through which nothing ever went. A pair that has carried a game stays.
 */
import type { RelayRefusal } from '#shared/api/party';
import type { PartyId } from '#shared/party/identity';

/** What a party has, and would have. */
export interface Claim {
  readonly partyId: PartyId;
  /** Who answers for it. */
  readonly account: string;
  readonly players: number;
  /** Pairs that a relay has for it. */
  readonly held: number;
  /** How many of the held ones nothing ever went through. */
  readonly unused: number;
  /** All pairs that it would have, with those that it has. */
  readonly wanted: number;
}

export interface Ruling {
  /** So many of the pairs that were asked for are to be opened … */
  readonly granted: number;
  /** … after so many unused pairs were closed, by party. */
  readonly evicted: ReadonlyMap<PartyId, number>;
  /** Why the others are not; null: there are none. */
  readonly refusal: Exclude<RelayRefusal, 'no_relay'> | null;
}

/** A party of so many players is small. */
export const SMALL_PARTY = 16;
/** The pairs of one. */
const SMALL_PARTY_PAIRS = (SMALL_PARTY * (SMALL_PARTY - 1)) / 2;
/** What an account may hold that still gets of the reserve, as a share of all: at least one small party. */
const LIGHT_SHARE = 1 / 64;
/** The share of the room up to which every pair that is asked for is opened. */
export const FREE_SHARE = 1 / 2;
const RESERVED_SHARE = 1 / 8;

/** The room for parties of any size. */
export function sharedRoom(capacity: number): number {
  return capacity - Math.floor(capacity * RESERVED_SHARE);
}

/**
 * @param asked how many pairs more this party asks for now
 * @param claims of all parties, this one among them
 * @param capacity of all relays together, in pairs
 */
export function rule(partyId: PartyId, asked: number, claims: readonly Claim[], capacity: number): Ruling {
  const total = sumOf(claims, ({ held }) => held);
  const free = Math.max(0, Math.floor(capacity * FREE_SHARE) - total);
  if (asked <= free) return { granted: asked, evicted: new Map(), refusal: null };
  const own = claims.find((claim) => claim.partyId === partyId);
  if (!own) throw new Error('a party that asks has a claim');
  const shares = fairShares(claims, sharedRoom(capacity));
  const isReserved = mayUseReserve(own, asked, claims, capacity);
  const due = Math.min(asked, Math.max(0, (shares.get(partyId) ?? 0) - own.held));
  const allowed = isReserved ? asked : Math.max(due, free);
  const room = Math.max(0, (isReserved ? capacity : sharedRoom(capacity)) - total);
  const evicted = evictions(claims, shares, due - Math.min(allowed, room));
  const granted = Math.min(allowed, room) + sumOf([...evicted.values()], (count) => count);
  if (granted === asked) return { granted, evicted, refusal: null };
  return { granted, evicted, refusal: granted < allowed ? 'relays_full' : 'share_used_up' };
}

/** The max–min fair share of each party, in pairs; a party that wants less than an equal share gets what it wants. */
export function fairShares(claims: readonly Claim[], room: number): Map<PartyId, number> {
  const byAccount = new Map<string, Claim[]>();
  for (const claim of claims) byAccount.set(claim.account, [...(byAccount.get(claim.account) ?? []), claim]);
  const accounts = [...byAccount.values()];
  const wantedBy = (parties: readonly Claim[]) => sumOf(parties, ({ wanted }) => wanted);
  const ofAccounts = maxMin(accounts.map(wantedBy), room);
  const shares = new Map<PartyId, number>();
  for (const [place, parties] of accounts.entries()) {
    const ofParties = maxMin(
      parties.map(({ wanted }) => wanted),
      ofAccounts[place] ?? 0,
    );
    for (const [index, { partyId }] of parties.entries()) shares.set(partyId, ofParties[index] ?? 0);
  }
  return shares;
}

/** @returns whole numbers, none above its demand, whose sum is the room or all demands */
export function maxMin(demands: readonly number[], room: number): number[] {
  const shares = demands.map(() => 0);
  const order = [...demands.keys()].sort((a, b) => (demands[a] ?? 0) - (demands[b] ?? 0));
  let left = room;
  for (const [done, index] of order.entries()) {
    // Rounded up for the largest demands, which come last.
    const share = Math.min(demands[index] ?? 0, Math.floor(left / (order.length - done)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

function mayUseReserve(own: Claim, asked: number, claims: readonly Claim[], capacity: number): boolean {
  const ofAccount = sumOf(
    claims.filter(({ account }) => account === own.account),
    ({ held }) => held,
  );
  const light = Math.max(SMALL_PARTY_PAIRS, Math.floor(capacity * LIGHT_SHARE));
  return own.players <= SMALL_PARTY && ofAccount + asked <= light;
}

/** Which parties lose unused pairs, and how many: those first that have the most beyond their share. */
function evictions(
  claims: readonly Claim[],
  shares: ReadonlyMap<PartyId, number>,
  needed: number,
): Map<PartyId, number> {
  const evicted = new Map<PartyId, number>();
  if (needed <= 0) return evicted;
  const beyond = ({ partyId, held }: Claim) => held - (shares.get(partyId) ?? 0);
  let left = needed;
  for (const claim of [...claims].sort((a, b) => beyond(b) - beyond(a))) {
    const count = Math.min(left, claim.unused, Math.max(0, beyond(claim)));
    if (count > 0) evicted.set(claim.partyId, count);
    left -= count;
  }
  return evicted;
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
