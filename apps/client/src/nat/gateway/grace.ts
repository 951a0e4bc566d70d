/** Aborts so long after something was found; never, when nothing was. */
export function graceAfter(found: Promise<unknown>, graceMs: number): AbortSignal {
  const grace = new AbortController();
  void found.then((value) => value && setTimeout(() => grace.abort(), graceMs).unref());
  return grace.signal;
}
