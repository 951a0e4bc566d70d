/**
 * What is known of the ways to a peer that are not in use. Pure.
 *
 * Two things are to be known of a way before this side's traffic moves there: that the peer hears this side on it, which only
 * the peer can say, and that this side hears the peer, which WireGuard's endpoint shows. A way that carries packets in
 * one direction only is *one-way*.
 */
import type { Endpoint } from '#shared/endpoint';

export interface Evidence {
  /** Where this side sends to reach the peer. */
  readonly endpoint: Endpoint;
  /** The shortest time from a check sent there to the peer's word that it was heard; null: no word yet. */
  readonly roundTripMs: number | null;
  /** When a packet of the peer first and last came from there; null: none has. */
  readonly cameSinceMs: number | null;
  readonly cameAtMs: number | null;
  /** When a check was last sent there because a packet had come. */
  readonly checkedAtMs: number;
}

/** A way that was proven. */
export type Proven = Evidence & { readonly roundTripMs: number; readonly cameSinceMs: number };

/** Somebody who sends from ever new addresses is not remembered at all of them. */
const MOST = 16;

export function evidenceOf(all: readonly Evidence[], endpoint: Endpoint): Evidence {
  const known = all.find((one) => one.endpoint === endpoint);
  return known ?? { endpoint, roundTripMs: null, cameSinceMs: null, cameAtMs: null, checkedAtMs: -Infinity };
}

/** The peer says that it heard a check that was sent there. */
export function heardThere(all: readonly Evidence[], endpoint: Endpoint, roundTripMs: number): Evidence[] {
  const { roundTripMs: before } = evidenceOf(all, endpoint);
  return noted(all, endpoint, { roundTripMs: before === null ? roundTripMs : Math.min(before, roundTripMs) });
}

/** A packet of the peer came from there. */
export function cameFrom(all: readonly Evidence[], endpoint: Endpoint, nowMs: number): Evidence[] {
  const { cameSinceMs } = evidenceOf(all, endpoint);
  return noted(all, endpoint, { cameSinceMs: cameSinceMs ?? nowMs, cameAtMs: nowMs });
}

export function checkedThere(all: readonly Evidence[], endpoint: Endpoint, nowMs: number): Evidence[] {
  return noted(all, endpoint, { checkedAtMs: nowMs });
}

/** Where the last packet came from, if that was at most `withinMs` ago. */
export function lastFrom(all: readonly Evidence[], nowMs: number, withinMs: number): Endpoint | null {
  const recent = all.filter(({ cameAtMs }) => cameAtMs !== null && nowMs - cameAtMs <= withinMs);
  const [latest] = recent.toSorted((one, other) => (other.cameAtMs ?? 0) - (one.cameAtMs ?? 0));
  return latest?.endpoint ?? null;
}

export function isProven(one: Evidence): one is Proven {
  return one.roundTripMs !== null && one.cameSinceMs !== null;
}

export function isOneWay(one: Evidence): boolean {
  return (one.roundTripMs === null) !== (one.cameSinceMs === null);
}

/** By how much another way has to be faster, or slower, to make a difference. */
export function hysteresisMs(roundTripMs: number): number {
  return Math.max(10, roundTripMs / 4);
}

function noted(all: readonly Evidence[], endpoint: Endpoint, news: Partial<Evidence>): Evidence[] {
  const others = all.filter((one) => one.endpoint !== endpoint);
  return [...others, { ...evidenceOf(all, endpoint), ...news }].slice(-MOST);
}
