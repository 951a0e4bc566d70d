/**
 * Do players reach a relay where it says that it is? Its operator cannot tell from there: a router that forwards nothing, or
 * an address that is nobody's, look the same from inside. Agents ask every relay's STUN service and say what came of it. Pure.
 */
import type { RelayFault } from '#shared/api/stats';
import { ipScope } from '#shared/ip-scope';

/** How many agents asked a relay of late, and how many of them it answered. */
export interface Reach {
  readonly askedBy: number;
  readonly reachedBy: number;
}

/** What an agent found when it asked relays last. */
export interface Asked {
  /** Milliseconds by relay id; null: no answer. */
  readonly roundTripsMs: ReadonlyMap<string, number | null>;
  readonly atMs: number;
}

export const unasked: Reach = { askedBy: 0, reachedBy: 0 };
/** What agents found before says nothing about now; they report every two minutes at least. */
export const CURRENT_MS = 300_000;
/** One alone may be in a network that lets no UDP through. */
const ENOUGH = 2;

/** @param relays those to count for, with the time from which on an answer is one of theirs */
export function reachOf(
  relays: ReadonlyMap<string, { readonly sinceMs: number }>,
  reports: Iterable<Asked>,
  nowMs: number,
): Map<string, Reach> {
  const counts = new Map([...relays.keys()].map((id) => [id, { askedBy: 0, reachedBy: 0 }]));
  for (const { roundTripsMs, atMs } of reports) {
    if (nowMs - atMs >= CURRENT_MS) continue;
    for (const [id, roundTripMs] of roundTripsMs) {
      const [relay, count] = [relays.get(id), counts.get(id)];
      if (!relay || !count || atMs < relay.sinceMs) continue;
      count.askedBy++;
      if (roundTripMs !== null) count.reachedBy++;
    }
  }
  return counts;
}

/** Null: nothing is known to be wrong. */
export function faultOf(relay: {
  readonly publicAddress: string;
  readonly unproven: ReadonlySet<string>;
  readonly reach: Reach;
}): RelayFault | null {
  const { askedBy, reachedBy } = relay.reach;
  if (relay.unproven.size > 0) return 'unproven';
  if (reachedBy > 0) return null;
  if (askedBy >= ENOUGH) return 'unreached';
  return ipScope(relay.publicAddress) === 'global' ? null : 'private_address';
}
