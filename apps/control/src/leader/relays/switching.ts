/**
 * When does a pair that works move to another relay? Pure: facts and times in, decision out.
 *
 * It moves when another relay has been better by max(10 ms, 15 %) in three evaluations in a row; at once when its own does
 * not answer one of the players any more, or was a guess, made before both had measured it. If the new one then measures worse than what was left, it moves back.
 * After every move it stays for a while, and longer with each: 2, 4, 8 … 60 min, so that no figures, however they swing,
 * make a pair flap. The memory of a move fades after an hour.
 */
import { backoffMs } from '#shared/backoff';

/** What is remembered of a pair. Times are Unix milliseconds. */
export interface SwitchState {
  readonly evaluatedAtMs: number;
  /** Which relay was better, and how often in a row. */
  readonly rival: { readonly id: string; readonly times: number } | null;
  /** The relay that was left last, while it is not clear yet whether that was right. */
  readonly left: { readonly id: string; readonly sumMs: number; readonly evaluations: number } | null;
  readonly switchedAtMs: number;
  /** Moves that have not faded. */
  readonly moves: number;
}

export interface Evaluation {
  readonly state: SwitchState;
  /** The relay to move to; null: stay. */
  readonly moveTo: string | null;
}

export interface Situation {
  readonly current: string;
  /** The sums that both players have measured, by relay id, see selection.ts. */
  readonly sumsMs: ReadonlyMap<string, number>;
  /** It is there by a guess, made before it was measured. */
  readonly isGuessed: boolean;
  /** The relays that have room. */
  readonly available: ReadonlySet<string>;
}

export const switching = {
  /** Between two evaluations of one pair. */
  intervalMs: 20_000,
  leastGainMs: 10,
  leastGainShare: 0.15,
  evaluations: 3,
  /** How long the first move holds; doubled by each further one. */
  firstHoldMs: 120_000,
  longestHoldMs: 3_600_000,
  /** One move is forgotten after each such time without a move. */
  fadeMs: 3_600_000,
} as const;

export const neverSwitched: SwitchState = {
  evaluatedAtMs: -Infinity,
  rival: null,
  left: null,
  switchedAtMs: -Infinity,
  moves: 0,
};

/** Whether it is time for another evaluation; to be asked before the figures for it are gathered. */
export function isDue({ evaluatedAtMs }: SwitchState, nowMs: number): boolean {
  return nowMs - evaluatedAtMs >= switching.intervalMs;
}

/** To be called when a player of the pair has measured anew; more often changes nothing. */
export function evaluate(state: SwitchState, situation: Situation, nowMs: number): Evaluation {
  if (!isDue(state, nowMs)) return { state, moveTo: null };
  const currentMs = situation.sumsMs.get(situation.current);
  // No evaluation, so that the first report with figures need not wait.
  if (currentMs === undefined) return { state: { ...state, rival: null }, moveTo: null };
  const { left } = state;
  if (left && wasWrong(left, currentMs, situation)) {
    return { state: { ...state, evaluatedAtMs: nowMs, rival: null }, moveTo: left.id };
  }
  const rival = nextRival(state.rival, currentMs, situation);
  const isSureAtOnce = situation.isGuessed || currentMs === Infinity;
  const isSettled = rival !== null && (isSureAtOnce || rival.times >= switching.evaluations);
  const isHeld = nowMs - state.switchedAtMs < holdMs(state.moves);
  return {
    state: { ...state, evaluatedAtMs: nowMs, rival, left: left && later(left) },
    moveTo: isSettled && !isHeld ? rival.id : null,
  };
}

/** The pair has moved. @param sumMs what it had on the relay that it left */
export function switched(state: SwitchState, left: string, sumMs: number, nowMs: number): SwitchState {
  const faded = Math.floor((nowMs - state.switchedAtMs) / switching.fadeMs);
  const isReturn = state.left !== null;
  return {
    evaluatedAtMs: nowMs,
    rival: null,
    left: isReturn ? null : { id: left, sumMs, evaluations: 0 },
    switchedAtMs: nowMs,
    moves: Math.max(0, state.moves - faded) + 1,
  };
}

/** How many pairs may move in one of the turns that are left, so that a draining relay is empty by then. */
export function drainQuota(pairs: number, turnsLeft: number, least: number): number {
  return Math.max(least, Math.ceil(pairs / Math.max(1, turnsLeft / 2)));
}

function wasWrong(
  { id, sumMs }: NonNullable<SwitchState['left']>,
  currentMs: number,
  { sumsMs, available }: Situation,
): boolean {
  const thereMs = sumsMs.get(id) ?? Infinity;
  return currentMs > sumMs && thereMs < currentMs && available.has(id);
}

/** A relay that goes on being better keeps its count, also when yet another one is better still. */
function nextRival(
  before: SwitchState['rival'],
  currentMs: number,
  { current, sumsMs, available }: Situation,
): SwitchState['rival'] {
  const better = [...sumsMs].filter(
    ([id, sumMs]) => id !== current && available.has(id) && isClearlyBetter(sumMs, currentMs),
  );
  if (before && better.some(([id]) => id === before.id)) return { ...before, times: before.times + 1 };
  const [best] = better.sort(([one, a], [other, b]) => a - b || (one < other ? -1 : 1));
  return best ? { id: best[0], times: 1 } : null;
}

function isClearlyBetter(sumMs: number, currentMs: number): boolean {
  if (currentMs === Infinity) return sumMs < Infinity;
  return currentMs - sumMs >= Math.max(switching.leastGainMs, switching.leastGainShare * currentMs);
}

function later(left: NonNullable<SwitchState['left']>): SwitchState['left'] {
  const evaluations = left.evaluations + 1;
  return evaluations < switching.evaluations ? { ...left, evaluations } : null;
}

function holdMs(moves: number): number {
  const { firstHoldMs: firstMs, longestHoldMs: longestMs } = switching;
  return moves === 0 ? 0 : backoffMs({ firstMs, longestMs }, moves - 1);
}
