/** When a mapping is renewed, asked for again, and given up. Pure. */
import { backoffMs, type Backoff } from '#shared/backoff';
import type { MappingOutcome, Mapped } from './mapping';

/** How things stand with the mapping of one port. */
export interface Progress {
  /** Held until `expiresAtMs`, on the clock that the caller uses. */
  readonly held: (Mapped & { readonly expiresAtMs: number }) | null;
  /** Why there is none; null while one is held, and before the first answer. */
  readonly obstacle: Exclude<MappingOutcome, Mapped> | null;
  /** Since the gateway last gave a mapping; null when it never did. */
  readonly failures: number | null;
}

/**
 * What a lost agent leaves behind is gone after this time, and a gateway that forgot the mapping (it was restarted) is
 * asked again after a third of it. So nobody needs to listen for a gateway's announcement that it restarted.
 */
export const LEASE_SECONDS = 900;
const LONGEST_RENEWAL_MS = 300_000;
const SHORTEST_RENEWAL_MS = 1_000;
/** For a gateway that has never given one; a call of `open` asks at once. */
const retries: Backoff = { firstMs: 1_000, longestMs: 600_000 };

export const nothingYet: Progress = { held: null, obstacle: null, failures: null };

/** What an answer changes. Silence ends a mapping only with its lease, a refusal at once. */
export function advance({ held, failures }: Progress, outcome: MappingOutcome, nowMs: number): Progress {
  if (outcome.kind === 'mapped') {
    const expiresAtMs = nowMs + outcome.leaseSeconds * 1_000;
    return { held: { ...outcome, expiresAtMs }, obstacle: null, failures: 0 };
  }
  const failed = failures === null ? null : failures + 1;
  const isStillHeld = held !== null && outcome.kind === 'silent' && nowMs < held.expiresAtMs;
  if (isStillHeld) return { held, obstacle: null, failures: failed };
  return { held: null, obstacle: outcome, failures: failed };
}

/**
 * How long to wait before asking again.
 *
 * @param random from 0 up to 1; spreads what many agents do after one event
 */
export function nextDelayMs({ held, failures }: Progress, nowMs: number, random: number): number {
  const jitter = 0.8 + 0.2 * random;
  if (held && failures === 0) {
    const halfLeaseMs = (held.leaseSeconds * 1_000) / 2;
    return jitter * Math.min(LONGEST_RENEWAL_MS, Math.max(SHORTEST_RENEWAL_MS, halfLeaseMs));
  }
  const retryMs = failures === null ? retries.longestMs : backoffMs(retries, failures - 1);
  const delayMs = jitter * retryMs;
  return held ? Math.min(delayMs, Math.max(0, held.expiresAtMs - nowMs)) : delayMs;
}
