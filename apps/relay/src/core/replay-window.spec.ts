import fc from 'fast-check';
import { maxRuns, ReplayWindow, windowSize } from './replay-window';

/** What passes of these counters, in this order. */
function passing(counters: Iterable<number>, window = new ReplayWindow(-1)): number[] {
  return Array.from(counters).filter((counter) => {
    if (window.has(counter)) return false;
    window.add(counter);
    return true;
  });
}

function countersTo(end: number): number[] {
  return Array.from({ length: end }, (_, counter) => counter);
}

/** Counting up, and further jumps than a window at times. */
const counters = fc.oneof(
  { weight: 8, arbitrary: fc.nat(6 * windowSize) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 31 - 100, max: 2 ** 32 + 100 }) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
);

describe('a replay window', () => {
  it('lets nothing pass twice, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(counters, { maxLength: 300 }), (all) => {
        const passed = passing([...all, ...all]);
        expect(new Set(passed).size).toBe(passed.length);
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 2 ** 31 - 2000, 2 ** 40])(
    'lets pass all that is less than a window late, from %s on',
    (first) => {
      const order = Array.from({ length: 3 * windowSize }, (_, place) => ({
        counter: first + place,
        at: place + ((place * 7919) % windowSize),
      }));
      const sent = order.sort((one, other) => one.at - other.at).map(({ counter }) => counter);
      expect(passing(sent, new ReplayWindow(first - 1)).join()).toBe(sent.join());
    },
  );

  it('agrees with a set of all that passed, except where something is late and a window is full', () => {
    fc.assert(
      fc.property(fc.array(counters, { maxLength: 200 }), (all) => {
        const window = new ReplayWindow(-1);
        const passed = new Set<number>();
        for (const counter of all) {
          if (window.has(counter)) {
            const isLate = Array.from(passed).some((other) => other - counter >= windowSize);
            expect(passed.has(counter) || isLate).toBe(true);
          } else {
            expect(passed.has(counter)).toBe(false);
            window.add(counter);
            passed.add(counter);
          }
        }
      }),
    );
  });

  it('is not shut by counters out of the blue, however many', () => {
    const window = new ReplayWindow(-1);
    expect(passing(countersTo(100), window)).toHaveLength(100);
    for (let forged = 1; forged < 100; forged++) passing([forged * 1e12, 1e15 - forged * 1e12], window);
    const more = Array.from({ length: 5000 }, (_, place) => 100 + place);
    expect(passing(more, window)).toEqual(more);
    expect(passing(more, window)).toEqual([]);
  });

  it('keeps what is between several jumps open, as when the kernel carried it', () => {
    const jumps = Array.from({ length: maxRuns - 1 }, (_, place) => (place + 1) * 100_000);
    const window = new ReplayWindow(15);
    expect(passing(jumps, window)).toEqual(jumps);
    const between = jumps.map((counter) => counter - 50_000);
    expect(passing(between, window).length).toBeGreaterThan(0);
    expect(passing(jumps, window)).toEqual([]);
  });

  it('takes counters too great to be told apart for the same', () => {
    const window = new ReplayWindow(3);
    expect(passing([2 ** 53, 2 ** 60, 2 ** 64, 2 ** 53 - 1, 4], window)).toEqual([2 ** 53, 4]);
  });

  it('can begin after any counter', () => {
    expect(passing([0, 41, 42, 43], new ReplayWindow(42))).toEqual([43]);
    expect(passing([2 ** 60, 5], new ReplayWindow(2 ** 60))).toEqual([]);
  });
});
