/**
 * When is a relay asked for the list of what it has open? Pure.
 *
 * With each report of its load a relay says how many pairs are open there. What the control plane has noted is the truth;
 * commands on their way make the two differ for a moment. Two reports in a row that differ mean that something was lost,
 * and a list is asked for from time to time anyway, since equal numbers are not yet equal pairs.
 */

export interface Audit {
  /** Reports in a row whose count was another one than ours. */
  readonly differing: number;
  /** When the last list was asked for, or came by itself. */
  readonly listedAtMs: number;
}

export const auditing = { afterReports: 2, leastIntervalMs: 30_000, intervalMs: 600_000 } as const;

export function newAudit(nowMs: number): Audit {
  return { differing: 0, listedAtMs: nowMs };
}

/** To be called with each report. */
export function compare(
  { differing, listedAtMs }: Audit,
  { reported, noted }: { readonly reported: number; readonly noted: number },
  nowMs: number,
): { readonly audit: Audit; readonly isDue: boolean } {
  const now = reported === noted ? 0 : differing + 1;
  const sinceMs = nowMs - listedAtMs;
  const isSuspicious = now >= auditing.afterReports && sinceMs >= auditing.leastIntervalMs;
  if (isSuspicious || sinceMs >= auditing.intervalMs) return { audit: newAudit(nowMs), isDue: true };
  return { audit: { differing: now, listedAtMs }, isDue: false };
}
