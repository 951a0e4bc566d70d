/**
 * One attempt at a direct path: when to send to the other side's candidates. Pure.
 *
 * WireGuard sends only to the one endpoint that a peer has, so a candidate is *flicked*: made the endpoint for a moment,
 * long enough for one check; then the endpoint is the relay again, or the direct path in use. What the game sends in that
 * moment goes astray, so the moments are short and come less and less often:
 *
 *     ms   0   100   250   500   1000   1750   2500   3000
 *          ├────┼─────┼─────┼─────┼──────┼──────┼──────┤ over
 *
 * Addresses of the local network are tried once: there is no NAT between neighbours. Those who seem to be of one household
 * try them three times, twice alone: a busy machine may miss the first.
 *
 * Without a session there is nothing to send a check in, so peers whose relay does not carry them *knock*: with a handshake
 * initiation to each candidate, every 500 ms. WireGuard answers and completes only the last one that it sent, so the
 * candidates take turns at being last. The two sides keep 250 ms apart, or each would give up its own handshake for the
 * other's.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';

export interface AttemptOrder {
  /** Where the other side may be, the best first. */
  readonly candidates: readonly Endpoint[];
  /** Whether this side sends first. */
  readonly isFirst: boolean;
  /** Whether both are behind the same public address. */
  readonly isNeighbour: boolean;
}

export interface Attempt {
  readonly candidates: readonly Endpoint[];
  /** Nothing but the local network in the first rounds: a router that hairpins would do, too, but take a detour. */
  readonly isLocalFirst: boolean;
  readonly startsAtMs: number;
  /** The next round, from 0. */
  readonly round: number;
}

export interface AttemptStep {
  readonly attempt: Attempt;
  /** Where to send, now. */
  readonly flick: readonly Endpoint[];
  readonly isOver: boolean;
}

export const attemptTimings = {
  roundsAtMs: [0, 100, 250, 500, 1_000, 1_750, 2_500],
  lastsMs: 3_000,
  /** How long the second side waits, unless it hears earlier that the first one has begun. */
  secondWaitsMs: 250,
  knocksAtMs: [0, 500, 1_000, 1_500, 2_000, 2_500],
} as const;

/** Rounds in which two players of one household try their local addresses alone. */
const LOCAL_ROUNDS = 2;

export function newAttempt({ candidates, isFirst, isNeighbour }: AttemptOrder, nowMs: number): Attempt {
  const startsAtMs = isFirst ? nowMs : nowMs + attemptTimings.secondWaitsMs;
  return { candidates, isLocalFirst: isNeighbour && candidates.some(isLocal), startsAtMs, round: 0 };
}

/** The other side has sent: its NAT is open, and there is nothing to wait for. */
export function withoutWaiting(attempt: Attempt, nowMs: number): Attempt {
  return attempt.startsAtMs > nowMs ? { ...attempt, startsAtMs: nowMs } : attempt;
}

/** What is due now. Rounds that were missed are not made up for. */
export function stepAttempt(attempt: Attempt, nowMs: number): AttemptStep {
  return stepRounds(attempt, attemptTimings.roundsAtMs, candidatesOf, nowMs);
}

/** Where to knock now, in an attempt without a session; rounds that were missed are not made up for. */
export function stepKnocks(attempt: Attempt, nowMs: number): AttemptStep {
  return stepRounds(attempt, attemptTimings.knocksAtMs, rotated, nowMs);
}

function stepRounds(
  attempt: Attempt,
  roundsAtMs: readonly number[],
  ofRound: (attempt: Attempt) => readonly Endpoint[],
  nowMs: number,
): AttemptStep {
  const passedMs = nowMs - attempt.startsAtMs;
  const isOver = passedMs >= attemptTimings.lastsMs;
  const due = roundsAtMs.filter((atMs) => atMs <= passedMs).length;
  if (isOver || due <= attempt.round) return { attempt, flick: [], isOver };
  return { attempt: { ...attempt, round: due }, flick: ofRound(attempt), isOver };
}

function rotated({ candidates, round }: Attempt): readonly Endpoint[] {
  const first = candidates.length === 0 ? 0 : round % candidates.length;
  return [...candidates.slice(first), ...candidates.slice(0, first)];
}

/** The candidates of the next round. */
function candidatesOf({ candidates, isLocalFirst, round }: Attempt): readonly Endpoint[] {
  const localRounds = isLocalFirst ? LOCAL_ROUNDS : 0;
  if (round < localRounds) return candidates.filter(isLocal);
  const isLocalRound = round === localRounds;
  return isLocalRound ? candidates : candidates.filter((one) => !isLocal(one));
}

function isLocal(candidate: Endpoint): boolean {
  return ipScope(splitEndpoint(candidate).address) === 'private';
}
