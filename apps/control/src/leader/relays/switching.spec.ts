import fc from 'fast-check';
import { drainQuota, evaluate, neverSwitched, switched, switching, type SwitchState } from './switching';

const { intervalMs, firstHoldMs, longestHoldMs } = switching;
const minutes = 60_000;

/** A pair that is evaluated every 20 s, and moves when told to. */
class Pair {
  state: SwitchState = neverSwitched;
  nowMs = 1_000_000;
  readonly moves: { readonly to: string; readonly atMs: number }[] = [];

  constructor(
    public current = 'a',
    private isGuessed = false,
  ) {}

  see(
    figures: Record<string, number>,
    available = Object.keys(figures),
    afterMs: number = intervalMs,
  ): string {
    this.nowMs += afterMs;
    const sumsMs = new Map(Object.entries(figures));
    const { state, moveTo } = evaluate(
      this.state,
      { current: this.current, sumsMs, isGuessed: this.isGuessed, available: new Set(available) },
      this.nowMs,
    );
    this.state = state;
    if (sumsMs.has(this.current)) this.isGuessed = false;
    if (moveTo === null) return this.current;
    this.state = switched(state, this.current, sumsMs.get(this.current) ?? Infinity, this.nowMs);
    this.current = moveTo;
    this.moves.push({ to: moveTo, atMs: this.nowMs });
    return moveTo;
  }

  /** As often as it takes. */
  keepSeeing(figures: Record<string, number>, forMs: number): string {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs;) this.see(figures);
    return this.current;
  }
}

describe('a pair', () => {
  it('moves when another relay was better three times in a row', () => {
    const pair = new Pair();
    expect([1, 2, 3].map(() => pair.see({ a: 100, b: 80 }))).toEqual(['a', 'a', 'b']);
  });

  it.each([
    [{ a: 40, b: 30 }, 'b'],
    [{ a: 40, b: 30.1 }, 'a'],
    [{ a: 200, b: 170 }, 'b'],
    [{ a: 200, b: 171 }, 'a'],
  ])('by max(10 ms, 15 %%): %j', (figures, expected) => {
    expect(new Pair().keepSeeing(figures, 10 * minutes)).toBe(expected);
  });

  it('begins to count again when the other was not better once, or nothing was measured', () => {
    const pair = new Pair();
    pair.see({ a: 100, b: 50 });
    pair.see({ a: 100, b: 50 });
    pair.see({ a: 100, b: 95 });
    pair.see({ a: 100, b: 50 });
    pair.see({ a: 100, b: 50 });
    pair.see({ b: 50 });
    expect([1, 2, 3].map(() => pair.see({ a: 100, b: 50 }))).toEqual(['a', 'a', 'b']);
  });

  it('goes on counting for one while yet another is better still', () => {
    const pair = new Pair();
    pair.see({ a: 100, b: 50, c: 60 });
    pair.see({ a: 100, b: 50, c: 40 });
    expect(pair.see({ a: 100, b: 50, c: 40 })).toBe('b');
  });

  it('is not evaluated again within 20 s', () => {
    const pair = new Pair();
    for (let report = 0; report < 10; report++) pair.see({ a: 100, b: 50 }, ['b'], 1900);
    expect(pair.current).toBe('a');
  });

  it('does not move to a relay without room', () => {
    const pair = new Pair();
    for (let report = 0; report < 10; report++) pair.see({ a: 100, b: 50, c: 80 }, ['a', 'c']);
    expect(pair.current).toBe('c');
  });

  it('leaves a relay that does not answer at once, but not for another one of the kind', () => {
    expect(new Pair().see({ a: Infinity, b: 500 })).toBe('b');
    expect(new Pair().see({ a: Infinity, b: Infinity })).toBe('a');
  });

  it('leaves at once what was only guessed, if it is clearly worse', () => {
    expect(new Pair('a', true).see({ a: 100, b: 80 })).toBe('b');
    const fair = new Pair('a', true);
    expect([1, 2, 3].map(() => fair.see({ a: 100, b: 95 }))).toEqual(['a', 'a', 'a']);
  });

  it('is evaluated as soon as both have measured', () => {
    const pair = new Pair('a', true);
    expect(pair.see({})).toBe('a');
    expect(pair.see({ a: 100, b: 80 }, ['b'], 1)).toBe('b');
  });

  it('moves back when the new relay measures worse than the one that it left', () => {
    const pair = new Pair();
    pair.keepSeeing({ a: 100, b: 80 }, 3 * intervalMs);
    expect(pair.current).toBe('b');
    expect(pair.see({ a: 100, b: 99 })).toBe('b');
    expect(pair.see({ a: 100, b: 101 })).toBe('a');
  });

  it('does not move back to what became worse still', () => {
    const pair = new Pair();
    pair.keepSeeing({ a: 100, b: 80 }, 3 * intervalMs);
    expect(pair.see({ a: 150, b: 110 })).toBe('b');
  });

  it('then stays, and longer each time', () => {
    const pair = new Pair();
    for (let round = 0; round < 6; round++) {
      pair.keepSeeing({ a: 100, b: 50 }, 90 * minutes);
      expect(pair.current).toBe('b');
      pair.see({ a: 100, b: 150 });
      pair.keepSeeing({ a: 100, b: 150 }, 90 * minutes);
      expect(pair.current).toBe('a');
    }
    const forth = pair.moves.filter(({ to }) => to === 'b').map(({ atMs }) => atMs);
    expect(forth.length).toBe(6);

    const restless = new Pair();
    for (let round = 0; round < 200; round++)
      restless.keepSeeing(round % 2 ? { a: 100, b: 50 } : { a: 50, b: 100 }, 2 * minutes);
    const gaps = restless.moves.map(
      ({ atMs }, place) => atMs - (restless.moves[place - 1]?.atMs ?? -Infinity),
    );
    expect(gaps.slice(1, 5).every((gap, place) => gap >= firstHoldMs * 2 ** place)).toBe(true);
    expect(restless.moves.length).toBeLessThan(12);
  });

  const figure = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(Infinity));
  it('never flaps, whatever is reported', () => {
    const reports = fc.array(fc.record({ a: figure, b: figure, c: figure }), {
      minLength: 200,
      maxLength: 400,
    });
    fc.assert(
      fc.property(reports, (all) => {
        const pair = new Pair();
        for (const figures of all) {
          const before = pair.current;
          const after = pair.see(figures);
          if (after !== before) expect(figures[after as 'a']).toBeLessThan(figures[before as 'a']);
        }
        // A move and its correction, each pair of them held twice as long as the one before.
        const hours = (all.length * intervalMs) / longestHoldMs;
        expect(pair.moves.length).toBeLessThanOrEqual(2 * (6 + hours));
      }),
    );
  });
});

describe('drainQuota', () => {
  it.each([
    [10, 100, 25, 25],
    [10_000, 100, 25, 200],
    [10_000, 1, 25, 10_000],
    [10_000, 0, 25, 10_000],
  ])('%i pairs, %i turns, at least %i: %i', (pairs, turns, least, quota) => {
    expect(drainQuota(pairs, turns, least)).toBe(quota);
  });
});
