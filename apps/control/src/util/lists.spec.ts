import fc from 'fast-check';
import { groupBy, inParts } from './lists';

describe('groupBy', () => {
  it('keeps the order of keys and items', () => {
    const groups = groupBy([5, 1, 7, 2, 9], (value) => value % 2 === 1);
    expect([...groups]).toEqual([
      [true, [5, 1, 7, 9]],
      [false, [2]],
    ]);
  });
});

describe('inParts', () => {
  it('loses nothing, and makes no part too large or empty', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 10 }), (items, most) => {
        const parts = inParts(items, most);
        expect(parts.flat()).toEqual(items);
        for (const part of parts.slice(0, -1)) expect(part).toHaveLength(most);
        expect(parts.at(-1)).not.toEqual([]);
      }),
    );
  });
});
