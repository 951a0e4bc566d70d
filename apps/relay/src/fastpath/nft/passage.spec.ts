import { nothingPassed, passage, type Sums } from './passage';

type Count = readonly [entered: number, left: number];

const sums = ([entered, left]: Count): Sums => ({
  entered: { packets: entered, bytes: entered * 100 },
  left: { packets: left, bytes: left * 100 },
});

describe('the passage through the kernel', () => {
  it.each<[what: string, counts: readonly Count[], swallowedAt: number]>([
    ['a busy game that is swallowed', [[100, 0]], 0],
    ['a slow one', [[10, 0], [20, 0]], 1], // prettier-ignore
    ['a very slow one', [[5, 0], [10, 0], [15, 0], [20, 0]], 3], // prettier-ignore
    ['one that is swallowed after a while', [[100, 100], [110, 100], [120, 100]], 2], // prettier-ignore
    ['fewer packets than prove anything', [[15, 0], [15, 0]], -1], // prettier-ignore
    ['what is on the way', [[100, 99], [200, 198]], -1], // prettier-ignore
    ['half of it lost', [[16, 8], [32, 16]], -1], // prettier-ignore
    ['more than half of it lost', [[16, 8], [32, 15]], 1], // prettier-ignore
    ['nothing at all', [[0, 0]], -1],
  ])('is judged for %s', (_what, counts, swallowedAt) => {
    let since = nothingPassed;
    const judged = counts.map((count) => {
      const result = passage(since, sums(count));
      since = result.since;
      return result.isSwallowed;
    });
    expect(judged.indexOf(true)).toBe(swallowedAt);
  });
});
