import { auditing, compare, newAudit } from './audit';

describe('the audit of a relay', () => {
  const play = (reports: [atMs: number, reported: number, noted: number][]) => {
    let audit = newAudit(0);
    return reports.map(([atMs, reported, noted]) => {
      const outcome = compare(audit, { reported, noted }, atMs);
      ({ audit } = outcome);
      return outcome.isDue;
    });
  };

  it.each([
    [
      'equal counts',
      [
        [31_000, 5, 5],
        [36_000, 5, 5],
      ],
      [false, false],
    ],
    [
      'one that differs',
      [
        [31_000, 6, 5],
        [36_000, 5, 5],
        [41_000, 6, 5],
      ],
      [false, false, false],
    ],
    [
      'two in a row',
      [
        [31_000, 6, 5],
        [36_000, 6, 5],
        [41_000, 6, 5],
      ],
      [false, true, false],
    ],
    [
      'too few as well as too many',
      [
        [31_000, 4, 5],
        [36_000, 3, 5],
      ],
      [false, true],
    ],
    [
      'not soon after the last list',
      [
        [5000, 6, 5],
        [10_000, 6, 5],
        [30_000, 6, 5],
      ],
      [false, false, true],
    ],
    ['from time to time anyway', [[auditing.intervalMs, 5, 5]], [true]],
  ] as [string, [number, number, number][], boolean[]][])('%s', (_what, reports, due) => {
    expect(play(reports)).toEqual(due);
  });
});
