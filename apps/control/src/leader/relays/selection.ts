/**
 * Which relay carries a pair, and when does a pair need another one? Pure: facts in, answer out.
 *
 * A pair's way through a relay is as long as the sum of both players' round trips to it, so the least sum wins. Sums
 * within 5 ms of the least are equal to players; among those the relay with the smaller share of its capacity in use
 * wins, then the calmer one, then the one whose id comes first.
 *
 * What a player has not measured is taken to be like its other round trips into the same region, else like the other
 * player's. A relay of which neither knows anything counts as the worst that they know, so that it wins nothing before
 * it has been measured; where nothing is known at all, only load decides. A relay that does not answer a player is
 * taken only if none does.
 */

import { hasRoom, type RelayFacts } from '../../model/relay-facts';

/** Milliseconds by relay id, as one player measured them; null: that relay does not answer it. */
export type RoundTrips = ReadonlyMap<string, number | null>;

/** The round trips of the two players of a pair. */
export type PairRoundTrips = readonly [RoundTrips, RoundTrips];

/** Sums of round trips that differ by no more are equal to players. */
const EQUAL_WITHIN_MS = 5;

/** How long a relay may be out of touch before its pairs move, when nobody knows whether it still forwards. */
export const RELAY_AWAY_MS = 15_000;
/** How long a relay may be out of touch that answers STUN, so that only its link is gone: its pairs go on all the while. */
export const LINK_AWAY_MS = 60_000;

/**
 * Relays for pairs that are placed together, as those of a player who joins a party. Room is given to the pair that
 * would be worst off without it: the pairs choose in the order of what they would have if their first choice were full,
 * the longest first. So the longest way in the party is as short as the room allows.
 *
 * @returns for each pair its relay's id, null when none has room
 */
export function placeTogether(
  relays: readonly RelayFacts[],
  pairs: readonly PairRoundTrips[],
): (string | null)[] {
  const facts = new Map(relays.map((relay) => [relay.id, { ...relay }]));
  const withRoom = () => [...facts.values()].filter(hasRoom);
  const wishes = pairs.map((players, place) => ({ place, sums: sumsMs(relays, players) }));
  const placed: (string | null)[] = pairs.map(() => null);
  for (const { place, sums } of byRegret(wishes, withRoom())) {
    const relay = best(withRoom(), sums);
    if (!relay) break;
    relay.pairs += 1;
    placed[place] = relay.id;
  }
  return placed;
}

/** @param current the relay that the pair is assigned to, if any */
export function needsAnotherRelay(current: RelayFacts | null, nowMs: number): boolean {
  if (current === null || current.dead) return true;
  if (current.awaySinceMs === null) return false;
  // A relay that said that it would stop and then fell silent has stopped; one that is to be empty is left anyway.
  if (current.draining) return true;
  return nowMs - current.awaySinceMs >= (current.answering ? LINK_AWAY_MS : RELAY_AWAY_MS);
}

/**
 * The sums that both players have measured, by relay id; infinite where one of them gets no answer. Other than when a
 * first relay is chosen, nothing is guessed.
 */
export function measuredSumsMs(
  relays: readonly RelayFacts[],
  [one, other]: PairRoundTrips,
): Map<string, number> {
  const sums = relays.flatMap(({ id }): [string, number][] => {
    const [first, second] = [one.get(id), other.get(id)];
    return first === undefined || second === undefined
      ? []
      : [[id, (first ?? Infinity) + (second ?? Infinity)]];
  });
  return new Map(sums);
}

function sumsMs(relays: readonly RelayFacts[], [one, other]: PairRoundTrips): Map<string, number> {
  const sums = relays.map((relay): [string, number | undefined] => {
    const [first, second] = [expectedMs(relay, relays, one), expectedMs(relay, relays, other)];
    if (first !== undefined && second !== undefined) return [relay.id, first + second];
    const known = first ?? second;
    return [relay.id, known === undefined ? undefined : 2 * known];
  });
  const finite = sums.flatMap(([, sum]) => (sum !== undefined && Number.isFinite(sum) ? [sum] : []));
  const worst = finite.length > 0 ? Math.max(...finite) : 0;
  return new Map(sums.map(([id, sum]) => [id, sum ?? worst]));
}

/** The round trip of a player to a relay: as measured, else the mean into the same region; undefined while neither is known. */
function expectedMs(
  { id, region }: RelayFacts,
  relays: readonly RelayFacts[],
  roundTrips: RoundTrips,
): number | undefined {
  const measured = roundTrips.get(id);
  if (measured !== undefined) return measured ?? Infinity;
  const nearby = relays.flatMap((other) => (other.region === region ? (roundTrips.get(other.id) ?? []) : []));
  return nearby.length > 0 ? nearby.reduce((sum, each) => sum + each, 0) / nearby.length : undefined;
}

function best<Relay extends RelayFacts>(
  relays: readonly Relay[],
  sums: ReadonlyMap<string, number>,
): Relay | undefined {
  const sumOf = ({ id }: RelayFacts) => sums.get(id) ?? Infinity;
  const least = Math.min(...relays.map(sumOf));
  return relays.filter((relay) => sumOf(relay) <= least + EQUAL_WITHIN_MS).sort(byLoad)[0];
}

function byLoad(a: RelayFacts, b: RelayFacts): number {
  return share(a) - share(b) || a.packetsPerSecond - b.packetsPerSecond || (a.id < b.id ? -1 : 1);
}

function share({ pairs, capacityPairs }: RelayFacts): number {
  return pairs / capacityPairs;
}

/** The wishes, those first that would be worst off with their second choice. */
function byRegret<Wish extends { readonly sums: ReadonlyMap<string, number> }>(
  wishes: readonly Wish[],
  relays: readonly RelayFacts[],
): Wish[] {
  return wishes
    .map((wish) => {
      const [first, second] = relays.map(({ id }) => wish.sums.get(id) ?? Infinity).sort((a, b) => a - b);
      return { wish, secondMs: second ?? first ?? Infinity };
    })
    .sort((a, b) => (a.secondMs === b.secondMs ? 0 : b.secondMs - a.secondMs))
    .map(({ wish }) => wish);
}
