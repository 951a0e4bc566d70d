/**
 * The time that the core is given: whole milliseconds, monotonic. V8 keeps integers of 32 bits (24 days of them) where they
 * are, and every other number in an object of its own, of which a relay would have hundreds of thousands.
 */
export function clockMs(): number {
  return Math.trunc(performance.now());
}
