/** The time of day, in Unix milliseconds: for what is stored, signed or shown. Durations are performance.now()'s. */
export function unixMs(): number {
  return Date.now();
}
