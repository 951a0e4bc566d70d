/**
 * Which packets does the path to a peer carry? Found by probes of several sizes that the peer's agent answers, after the manner
 * of RFC 8899 (DPLPMTUD): no ICMP is needed, and none is believed. Pure: what happened and the time in, probes and a limit out.
 *
 *     idle ── a path ──▶ searching ── all sizes known ──▶ settled ── a while later, or much was sent ──┐
 *                         ▲  │  ▲                                                                      │
 *                         │  └──┼── nothing is answered ──▶ silent ── a while later ──┐                │
 *                         │     └────────────────────────────────────────────────────┘                 │
 *                         └────────────────────────────────────────────────────────────────────────────┘
 *
 * Sizes are those of IPv4 packets inside the tunnel, in bytes. An answer is short, so it proves one direction: that of the side
 * which asked. Each side searches for what it sends. All sizes are multiples of 16, to which WireGuard pads (WireGuard paper,
 * section 5.4.6), so that padding never makes a packet larger than a size that was proven.
 *
 * A size is too large when its probes were lost in three rounds in which a smaller one was answered. So neither an agent that
 * knows no such probes, nor a path that is dead, is taken for a narrow one.
 */

import { backoffMs } from '#shared/backoff';
import { TUNNEL_MTU } from '../network/tunnel-message';

/** The size of a probe without padding, which shows that the path and the agent are there. */
export const LEAST_PROBE_BYTES = 45;

/** From the smallest packet that every network carries (RFC 791: 576) to the tunnel's; finer where real paths are. */
const rungs = [TUNNEL_MTU, 1_264, 1_248, 1_232, 1_216, 1_200, 1_152, 1_088, 1_024, 896, 768, 576] as const;
const FLOOR_BYTES = 576;

export const sizeTimings = {
  /**
   * How long a round waits for answers while the round trip is unknown; once it is known, a round waits for two of it and a
   * little more. The wait is doubled after each round without an answer.
   */
  firstRoundMs: 300,
  extraMs: 60,
  shortestRoundMs: 120,
  longestRoundMs: 2_500,
  /** Rounds in a row without any answer, after which the search rests. */
  silentRounds: 4,
  /** Until a search that found silence, or less than full size, is repeated; doubled each time. */
  silentRestMs: 15_000,
  raiseMs: 60_000,
  longestRestMs: 600_000,
  /** What was found is confirmed after this time, if this much was sent meanwhile. */
  confirmMs: 10_000,
  confirmBytes: 30_000,
  /** Within this time, a peer that repeats that its path is new means the same change. */
  freshMs: 1_000,
} as const;

/** Lost in so many rounds, a size is too large (RFC 8899 section 5.1.2, MAX_PROBES); after two it is not sent for now. */
const MOST_MISSED = 3;
const DOUBTFUL = 2;
const PROBES_IN_ROUND = 4;
/** In how many rounds the peer is told that the path is new. */
const ANNOUNCED_ROUNDS = 2;

export interface SizeSearch {
  readonly stage: 'idle' | 'searching' | 'silent' | 'settled';
  /** The largest packets that may be sent to the peer, where those are smaller than the tunnel's; null otherwise. */
  readonly limit: number | null;
  /** The limit that the last finished search found. */
  readonly found: number | null;
  /** The largest that arrived since the search began; 0 before any with padding did. */
  readonly proven: number;
  /** The largest that the search tries. */
  readonly ceiling: number;
  /** In how many rounds a size was lost. */
  readonly missed: ReadonlyMap<number, number>;
  readonly round: Round | null;
  readonly rounds: number;
  readonly silentRounds: number;
  readonly beganAtMs: number;
  /** When there is something to do again; Infinity: never by itself. */
  readonly dueAtMs: number;
  /** When larger packets are tried again. */
  readonly raiseAtMs: number;
  readonly roundTripMs: number | null;
  /** Whether the peer has to look, too, as this side's path has changed. */
  readonly isNew: boolean;
  /** Searches in a row that led to a rest. */
  readonly rests: number;
  /** `txBytes`: what had been sent at the first look after that. */
  readonly confirmed: { readonly atMs: number; readonly txBytes: number | null };
}

interface Round {
  readonly sentAtMs: number;
  /** Those that are not answered yet. */
  readonly open: readonly number[];
  readonly isHeard: boolean;
}

export type SizeInput =
  /** Packets to the peer take another path than before, or take one again. */
  | { readonly type: 'path_changed' }
  /** There is no path. */
  | { readonly type: 'path_lost' }
  /** The peer probes, and says that its path has changed. */
  | { readonly type: 'peer_moved' }
  | {
      readonly type: 'answered';
      readonly bytes: number;
      readonly sentAtMs: number;
      readonly roundTripMs: number;
    }
  /** @param txBytes that WireGuard has sent to the peer */
  | { readonly type: 'look'; readonly txBytes: number };

export type SizeCommand =
  /** Send a probe of each size; `isNew`: and say that the path has changed. */
  | { readonly type: 'probe'; readonly sizes: readonly number[]; readonly isNew: boolean }
  /** Send the peer no larger packets from now on, though probes may be; null: any that the tunnel takes. */
  | { readonly type: 'limit'; readonly bytes: number | null };

export interface SizeStep {
  readonly search: SizeSearch;
  readonly commands: readonly SizeCommand[];
}

export function newSizeSearch(nowMs: number): SizeSearch {
  return {
    stage: 'idle',
    limit: null,
    found: null,
    proven: 0,
    ceiling: TUNNEL_MTU,
    missed: new Map(),
    round: null,
    rounds: 0,
    silentRounds: 0,
    beganAtMs: nowMs,
    dueAtMs: Infinity,
    raiseAtMs: Infinity,
    roundTripMs: null,
    isNew: false,
    rests: 0,
    confirmed: { atMs: nowMs, txBytes: null },
  };
}

/** @param mayExceed whether this machine can send probes that are larger than the limit, in one piece */
export function stepSizeSearch(
  search: SizeSearch,
  input: SizeInput,
  nowMs: number,
  mayExceed = true,
): SizeStep {
  switch (input.type) {
    case 'path_changed':
      return newPath({ ...search, roundTripMs: null }, true, nowMs, mayExceed);
    case 'path_lost':
      return unchanged({ ...search, stage: 'idle', round: null, dueAtMs: Infinity });
    case 'peer_moved':
      if (search.stage === 'idle' || nowMs - search.beganAtMs < sizeTimings.freshMs) return unchanged(search);
      return newPath(search, false, nowMs, mayExceed);
    case 'answered':
      return input.sentAtMs < search.beganAtMs ? unchanged(search) : takeAnswer(search, input, nowMs);
    case 'look':
      return look(search, input.txBytes, nowMs, mayExceed);
  }
}

/** What was in force stays until more is known, unless nothing larger can be tried then. */
function newPath(search: SizeSearch, isNew: boolean, nowMs: number, mayExceed: boolean): SizeStep {
  const lifted = search.limit !== null && !mayExceed;
  const from = { ...search, rests: 0, limit: lifted ? null : search.limit };
  return {
    search: { ...begun(from, TUNNEL_MTU, nowMs), isNew },
    commands: lifted ? [{ type: 'limit', bytes: null }] : [],
  };
}

function begun(search: SizeSearch, ceiling: number, nowMs: number): SizeSearch {
  return {
    ...search,
    stage: 'searching',
    proven: 0,
    ceiling,
    missed: new Map(),
    round: null,
    rounds: 0,
    silentRounds: 0,
    beganAtMs: nowMs,
    dueAtMs: nowMs,
    isNew: false,
  };
}

function takeAnswer(
  search: SizeSearch,
  { bytes, roundTripMs }: { bytes: number; roundTripMs: number },
  nowMs: number,
): SizeStep {
  const proven = bytes === LEAST_PROBE_BYTES ? search.proven : Math.max(search.proven, bytes);
  const { round } = search;
  const answered = { ...search, proven, roundTripMs, silentRounds: 0 };
  const raised = search.limit !== null && proven > search.limit ? limited(answered, proven) : null;
  const heard = raised?.search ?? answered;
  const commands = raised?.commands ?? [];
  if (heard.stage === 'silent') return { search: resumed(heard, nowMs), commands };
  if (heard.stage !== 'searching') return { search: heard, commands };
  if (proven >= heard.ceiling) {
    const settled = settle(heard, nowMs);
    return { ...settled, commands: [...commands, ...settled.commands] };
  }
  if (!round) return { search: heard, commands };
  const open = round.open.filter((size) => size !== bytes);
  const isOver = open.every((size) => size <= proven);
  const dueAtMs = isOver ? nowMs : round.sentAtMs + waitOf(heard);
  return { search: { ...heard, round: { ...round, open, isHeard: true }, dueAtMs }, commands };
}

/** The search was given up too soon. */
function resumed(search: SizeSearch, nowMs: number): SizeSearch {
  return { ...search, stage: 'searching', dueAtMs: nowMs };
}

function look(search: SizeSearch, txBytes: number, nowMs: number, mayExceed: boolean): SizeStep {
  switch (search.stage) {
    case 'idle':
      return unchanged(search);
    case 'searching':
      return nowMs < search.dueAtMs ? unchanged(search) : nextRound(search, nowMs);
    case 'silent':
      if (nowMs < search.dueAtMs) return unchanged(search);
      return nextRound(begun(search, highestTry(search, mayExceed), nowMs), nowMs);
    case 'settled':
      return keepUp(search, txBytes, nowMs, mayExceed);
  }
}

/** Tries whether more gets through by now, and whether what did still does. */
function keepUp(search: SizeSearch, txBytes: number, nowMs: number, mayExceed: boolean): SizeStep {
  const { confirmed, raiseAtMs, limit } = search;
  if (nowMs >= raiseAtMs && mayExceed) return nextRound(begun(search, TUNNEL_MTU, nowMs), nowMs);
  if (nowMs >= raiseAtMs) return unchanged({ ...search, raiseAtMs: Infinity, dueAtMs: Infinity });
  // A forced handshake resets the counter.
  if (confirmed.txBytes === null || txBytes < confirmed.txBytes)
    return unchanged({ ...search, confirmed: { ...confirmed, txBytes } });
  const isWorth = txBytes - confirmed.txBytes >= sizeTimings.confirmBytes;
  if (nowMs - confirmed.atMs < sizeTimings.confirmMs || !isWorth) return unchanged(search);
  return nextRound(begun(search, limit ?? TUNNEL_MTU, nowMs), nowMs);
}

function highestTry({ limit }: SizeSearch, mayExceed: boolean): number {
  return mayExceed ? TUNNEL_MTU : (limit ?? TUNNEL_MTU);
}

/** Draws the conclusions from the round that is over, and sends the next one or ends the search. */
function nextRound(before: SizeSearch, nowMs: number): SizeStep {
  const concluded = conclude(before);
  const provisional = isDoubtful(concluded) ? limited(concluded, concluded.proven) : unchanged(concluded);
  const { search } = provisional;
  if (search.silentRounds >= sizeTimings.silentRounds) return rest(search, nowMs);
  const remaining = remainingOf(search);
  if (remaining.length === 0) {
    const settled = settle(search, nowMs);
    return { ...settled, commands: [...provisional.commands, ...settled.commands] };
  }
  const sizes = [...sizesOf(search, remaining), LEAST_PROBE_BYTES];
  const isNew = search.isNew && search.rounds < ANNOUNCED_ROUNDS;
  const round = { sentAtMs: nowMs, open: sizes, isHeard: false };
  const sent = { ...search, round, rounds: search.rounds + 1, dueAtMs: nowMs + waitOf(search) };
  return { search: sent, commands: [...provisional.commands, { type: 'probe', sizes, isNew }] };
}

function conclude(search: SizeSearch): SizeSearch {
  const { round, proven } = search;
  if (!round) return search;
  if (!round.isHeard) return { ...search, round: null, silentRounds: search.silentRounds + 1 };
  const missed = new Map(search.missed);
  for (const size of round.open) if (size > proven) missed.set(size, (missed.get(size) ?? 0) + 1);
  return { ...search, round: null, missed, silentRounds: 0 };
}

/** At first what most paths answer is asked; once there is an answer, the next rounds divide what lies between. */
function sizesOf(search: SizeSearch, remaining: readonly number[]): readonly number[] {
  const { proven, missed, ceiling, limit } = search;
  if (proven === 0 && missed.size === 0)
    return limit !== null && limit < ceiling ? [ceiling, limit] : [ceiling];
  if (remaining.length <= PROBES_IN_ROUND) return remaining;
  const share = remaining.length / PROBES_IN_ROUND;
  return remaining.filter(
    (_, index) => index === 0 || Math.floor(index / share) > Math.floor((index - 1) / share),
  );
}

/** What is neither proven nor too large, the largest first. */
function remainingOf({ proven, ceiling, missed }: SizeSearch): readonly number[] {
  const tooLarge = rungs.filter((size) => (missed.get(size) ?? 0) >= MOST_MISSED);
  const least = Math.min(Infinity, ...tooLarge);
  return rungs.filter((size) => size > proven && size <= ceiling && size < least);
}

/** Whether something that may be sent is likely to be lost, though a smaller size is known to arrive. */
function isDoubtful({ proven, limit, missed }: SizeSearch): boolean {
  if (proven === 0 || proven >= (limit ?? TUNNEL_MTU)) return false;
  return [...missed].some(([size, rounds]) => size > proven && rounds >= DOUBTFUL);
}

function settle(before: SizeSearch, nowMs: number): SizeStep {
  const { search, commands } = limited(before, before.proven || FLOOR_BYTES);
  const { limit } = search;
  const isConfirmed = search.ceiling < TUNNEL_MTU && limit === before.found;
  const rests = limit === null ? 0 : isConfirmed ? search.rests : search.rests + 1;
  const nextRaiseAtMs = limit === null ? Infinity : nowMs + restOf(sizeTimings.raiseMs, rests - 1);
  const raiseAtMs = isConfirmed ? search.raiseAtMs : nextRaiseAtMs;
  const confirmed = { atMs: nowMs, txBytes: null };
  const settled = { ...search, found: limit, round: null, confirmed, rests, raiseAtMs, dueAtMs: raiseAtMs };
  return { search: { ...settled, stage: 'settled' }, commands };
}

/** The peer's agent does not know such probes, or is away: what is in force stays. */
function rest(search: SizeSearch, nowMs: number): SizeStep {
  const dueAtMs = nowMs + restOf(sizeTimings.silentRestMs, search.rests);
  return unchanged({ ...search, stage: 'silent', round: null, rests: search.rests + 1, dueAtMs });
}

/** Says it again where it is so already, as another program may have undone it. */
function limited(search: SizeSearch, proven: number): SizeStep {
  const limit = proven >= TUNNEL_MTU ? null : proven;
  const isSaid = limit !== null || search.limit !== null;
  return { search: { ...search, limit }, commands: isSaid ? [{ type: 'limit', bytes: limit }] : [] };
}

function waitOf({ roundTripMs, silentRounds }: SizeSearch): number {
  const { firstRoundMs, extraMs, shortestRoundMs, longestRoundMs } = sizeTimings;
  const onceMs = roundTripMs === null ? firstRoundMs : Math.max(2 * roundTripMs + extraMs, shortestRoundMs);
  return backoffMs({ firstMs: onceMs, longestMs: longestRoundMs }, silentRounds);
}

function restOf(firstMs: number, rests: number): number {
  return backoffMs({ firstMs, longestMs: sizeTimings.longestRestMs }, rests);
}

function unchanged(search: SizeSearch): SizeStep {
  return { search, commands: [] };
}
