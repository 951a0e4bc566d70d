import { SourceBuckets, sourceOf } from './limits';

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
