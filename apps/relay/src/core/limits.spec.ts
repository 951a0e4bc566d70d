import fc from 'fast-check';
import { SourceBuckets, sourceOf, TokenBucket } from './limits';

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
});

describe('buckets per source', () => {
  it('are apart', () => {
    const buckets = new SourceBuckets({ perSecond: 1, burst: 1 }, 10);
    expect(buckets.take('192.0.2.1', 0)).toBe(true);
    expect(buckets.take('192.0.2.1', 0)).toBe(false);
    expect(buckets.take('192.0.2.2', 0)).toBe(true);
    expect(buckets.isExhausted('192.0.2.1', 0)).toBe(true);
    expect(buckets.isExhausted('192.0.2.1', 1000)).toBe(false);
    expect(buckets.isExhausted('192.0.2.3', 0)).toBe(false);
  });

  it('forget who was silent longest when there are too many', () => {
    const buckets = new SourceBuckets({ perSecond: 0, burst: 1 }, 3);
    for (const last of [1, 2, 3, 1, 4]) buckets.take(`192.0.2.${last}`, 0);
    expect([buckets.size, buckets.forgotten]).toEqual([3, 1]);
    const remembered = [1, 2, 3, 4].map((last) => buckets.isExhausted(`192.0.2.${last}`, 0));
    expect(remembered).toEqual([true, false, true, true]);
  });

  it.each([
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8::1', '2001:db8:0:0:ffff::1', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
  ])('%s and %s: the same source is %s', (one, other, same) => {
    expect(sourceOf(one) === sourceOf(other)).toBe(same);
  });
});
