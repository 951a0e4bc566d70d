/**
 * Who leads? Pure: what the ballot said and the time in, what this node has to do about it out.
 *
 * The ballot is a lease in Redis that one node holds and renews. Nobody else can take it before it is over, and its holder
 * stops by its own clock a little before that, so that there are never two leaders, except when Redis loses its memory:
 * then the newer term wins, and for one round of ballots there may be two. Nothing durable depends on there being one.
 */
import type { NodeId } from './cluster';

export const election = {
  /** How long the lease holds without being renewed: how long a server whose leader was killed has none. */
  leaseMs: 1500,
  /** Between two ballots of a node. */
  intervalMs: 300,
  /** The holder lets go so long before the lease is over. */
  marginMs: 200,
  /** A node that has not voted for so long is gone. */
  goneMs: 3000,
} as const;

/** What the ballot says. */
export interface Ballot {
  readonly leader: NodeId | null;
  /** Unix milliseconds of the leader's election; grows from one to the next. */
  readonly term: number;
  /** This node was not known; it is new here, or was taken for gone. */
  readonly unknown: boolean;
  /** To the leader alone, for a minute: nodes that have not voted for {@link election.goneMs}. */
  readonly gone: readonly NodeId[];
}

/** What a node knows. Milliseconds of a clock that never jumps. */
export interface Standing {
  readonly leader: NodeId | null;
  readonly term: number;
  /** Nothing that was heard is good any longer than this. */
  readonly validUntilMs: number;
}

export interface Consequence {
  readonly standing: Standing;
  /** This node's term is over. */
  readonly ends: boolean;
  /** This node's term begins. */
  readonly begins: boolean;
  /** The leader does not know what this node has connected. */
  readonly introduces: boolean;
}

export const leaderless: Standing = { leader: null, term: 0, validUntilMs: -Infinity };

/** @param sentAtMs when this node voted: the lease is at least as new as that */
export function counted(own: NodeId, before: Standing, ballot: Ballot, sentAtMs: number): Consequence {
  const { leader, term } = ballot;
  const validUntilMs = sentAtMs + election.leaseMs - election.marginMs;
  const isOther = leader !== before.leader || term !== before.term;
  return {
    standing: { leader, term, validUntilMs },
    ends: isOther && before.leader === own,
    begins: isOther && leader === own,
    introduces: leader !== null && (isOther || ballot.unknown),
  };
}

/** To be asked whenever there has been no ballot for a while. */
export function expired(own: NodeId, before: Standing, nowMs: number): Consequence | null {
  if (before.leader === null || nowMs < before.validUntilMs) return null;
  // The term is kept: what is still on its way from an older leader is known by it.
  const standing = { ...before, leader: null };
  return { standing, ends: before.leader === own, begins: false, introduces: false };
}
