/** How long to wait after so many failures: twice as long after each, up to a limit. The caller spreads it at random. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** @param repeated how many failures came before the one that is waited for; 0: the first */
export function backoffMs({ firstMs, longestMs }: Backoff, repeated: number): number {
  return Math.min(longestMs, firstMs * 2 ** repeated);
}
