import { counted, election, expired, leaderless, type Ballot, type Standing } from './election';

const ballot = (leader: string | null, term: number, more: Partial<Ballot> = {}): Ballot => ({
  leader,
  term,
  unknown: false,
  gone: [],
  ...more,
});
const led = (leader: string, term: number): Standing => ({ leader, term, validUntilMs: 1300 });
const nothing = { ends: false, begins: false, introduces: false };

describe('a ballot', () => {
  it.each<[string, Standing, Ballot, object]>([
    ['is won', leaderless, ballot('me', 5), { ...nothing, begins: true, introduces: true }],
    ['confirms this node', led('me', 5), ballot('me', 5), nothing],
    ['confirms another one', led('other', 5), ballot('other', 5), nothing],
    ['finds a first leader', leaderless, ballot('other', 5), { ...nothing, introduces: true }],
    ['finds another leader', led('first', 5), ballot('second', 6), { ...nothing, introduces: true }],
    [
      'finds the same one elected anew',
      led('other', 5),
      ballot('other', 7),
      { ...nothing, introduces: true },
    ],
    [
      'takes the lead from this node',
      led('me', 5),
      ballot('other', 6),
      { ends: true, begins: false, introduces: true },
    ],
    [
      'gives it a new term, as Redis had forgotten the old one',
      led('me', 5),
      ballot('me', 6),
      { ends: true, begins: true, introduces: true },
    ],
    [
      'did not know this node',
      led('other', 5),
      ballot('other', 5, { unknown: true }),
      { ...nothing, introduces: true },
    ],
    ['finds nobody', led('other', 5), ballot(null, 0), nothing],
    ['finds nobody, nor this node', leaderless, ballot(null, 0, { unknown: true }), nothing],
  ])('%s', (_what, before, found, expected) => {
    const { standing, ...consequence } = counted('me', before, found, 1000);
    expect(consequence).toEqual(expected);
    expect(standing).toEqual({
      leader: found.leader,
      term: found.term,
      validUntilMs: 1000 + election.leaseMs - election.marginMs,
    });
  });
});

describe('without ballots', () => {
  it.each<[string, Standing, number, object | null]>([
    ['a lease holds for a while', led('me', 5), 1299, null],
    ['this node stops by itself', led('me', 5), 1300, { ...nothing, ends: true }],
    ['another one is not counted on any longer', led('other', 5), 1300, nothing],
    ['nothing follows where nobody led', leaderless, 9999, null],
  ])('%s', (_what, before, nowMs, expected) => {
    const result = expired('me', before, nowMs);
    if (expected === null) expect(result).toBeNull();
    else expect(result).toEqual({ ...expected, standing: { ...before, leader: null } });
  });

  it('leave time enough for several before the lease is over', () => {
    expect(election.leaseMs - election.marginMs).toBeGreaterThan(3 * election.intervalMs);
  });
});
