import fc from 'fast-check';
import { TokenBucket } from './token-bucket';

describe('a token bucket', () => {
  it('gives its burst, then its rate', () => {
    const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 1000);
    const takes = (nowMs: number) => bucket.take(1, nowMs);
    expect([1000, 1000, 1000, 1000].map(takes)).toEqual([true, true, true, false]);
    expect([1499, 1500, 1501].map(takes)).toEqual([false, true, false]);
    expect(bucket.isEmpty(1999)).toBe(true);
    expect(bucket.isEmpty(2000)).toBe(false);
  });

  it('never holds more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 0);
    expect(bucket.take(3, 1e9)).toBe(false);
    expect(bucket.take(2, 1e9)).toBe(true);
  });

  it('gives at most burst + rate × time, whatever the order of the takes', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(500), amount: fc.integer({ min: 1, max: 5 }) }));
    fc.assert(
      fc.property(steps, (all) => {
        const bucket = new TokenBucket({ perSecond: 7, burst: 10 }, 0);
        let nowMs = 0;
        let taken = 0;
        for (const { waitMs, amount } of all) {
          nowMs += waitMs;
          if (bucket.take(amount, nowMs)) taken += amount;
          expect(taken).toBeLessThanOrEqual(10 + (nowMs / 1000) * 7 + 1e-6);
        }
      }),
    );
  });

  it('tells how long until there are enough', () => {
    const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 0);
    expect(bucket.waitMs(3, 0)).toBe(0);
    bucket.take(3, 0);
    expect(bucket.waitMs(1, 0)).toBe(500);
    expect(bucket.waitMs(1, 400)).toBeCloseTo(100);
    expect(bucket.waitMs(4, 0)).toBe(Infinity);
  });
});
