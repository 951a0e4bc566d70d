/**
 * When do two members look for a direct path to each other, and who sends first? Pure.
 *
 * Both have to send at the same time, since each one's packets open its own NAT for the other's. One of them is a little
 * earlier: a router that takes unsolicited packets may give a flow another public port when the other side's arrives
 * first. As nobody can tell which of the two has such a router, they take turns, and as that router remembers the flow
 * for 30 s, the next turn comes later than that, unless one of them is somewhere else by then.
 */
import type { AttemptCause, Candidate } from '#shared/api/party';
import type { AttemptRecord } from '../relays/pair';

export interface AttemptQuestion {
  /** `observed`: a relay has seen where both are. Else one of the two asks for it. */
  readonly cause: 'observed' | AttemptCause;
  /** The candidates of each of the two, in the order of the pair. */
  readonly candidates: readonly [readonly Candidate[], readonly Candidate[]];
  /** `unknown`: the two were together before this process began. */
  readonly last: AttemptRecord | 'unknown' | null;
}

export interface AttemptDecision {
  readonly record: AttemptRecord;
  /** Which of the two sends first; null: neither, it was tried before, and games are not disturbed for it. */
  readonly first: 0 | 1 | null;
}

/** Longer than Linux routers remember a flow that was never answered (nf_conntrack_udp_timeout). */
const SAME_ADDRESSES_GAP_MS = 31_000;
/** An agent that is elsewhere, or says that its network has changed, waits only so long; but nobody makes others flood. */
const CHANGE_GAP_MS = 2_000;

/** @returns null when this is not the moment */
export function decideAttempt(question: AttemptQuestion, nowMs: number): AttemptDecision | null {
  const { candidates, last } = question;
  if (candidates.every(({ length }) => length === 0)) return null;
  const addresses = candidates
    .map((own) =>
      own
        .map(({ endpoint }) => endpoint)
        .sort()
        .join(' '),
    )
    .join(' | ');
  if (last === 'unknown' && question.cause === 'observed') {
    return { record: { attempt: 0, atMs: -Infinity, addresses }, first: null };
  }
  const known = last === 'unknown' ? null : last;
  if (known && !isDue(question, known, addresses, nowMs)) return null;
  const attempt = (known?.attempt ?? 0) + 1;
  return { record: { attempt, atMs: nowMs, addresses }, first: attempt % 2 === 1 ? 0 : 1 };
}

function isDue({ cause }: AttemptQuestion, last: AttemptRecord, addresses: string, nowMs: number): boolean {
  const passedMs = nowMs - last.atMs;
  if (last.addresses !== addresses || cause === 'changed') return passedMs >= CHANGE_GAP_MS;
  return cause === 'again' && passedMs >= SAME_ADDRESSES_GAP_MS;
}
