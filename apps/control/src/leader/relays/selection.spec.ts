import fc from 'fast-check';
import {
  LINK_AWAY_MS,
  measuredSumsMs,
  needsAnotherRelay,
  placeTogether,
  RELAY_AWAY_MS,
  type PairRoundTrips,
} from './selection';
import { hasRoom, type RelayFacts } from '../../model/relay-facts';

const relay = (id: string, facts: Partial<RelayFacts> = {}): RelayFacts => ({
  id,
  region: id,
  ready: true,
  draining: false,
  dead: false,
  answering: false,
  awaySinceMs: null,
  capacityPairs: 100,
  pairs: 0,
  packetsPerSecond: 0,
  ...facts,
});
type Figures = Readonly<Record<string, number | null>>;
const pair = (one: Figures, other: Figures): PairRoundTrips => [
  new Map(Object.entries(one)),
  new Map(Object.entries(other)),
];

const chooseRelay = (relays: readonly RelayFacts[], players: PairRoundTrips) =>
  placeTogether(relays, [players])[0];

describe('placeTogether, for one pair', () => {
  it.each<[string, RelayFacts[], string | null]>([
    ['nobody, when there is none', [], null],
    ['the only one', [relay('a')], 'a'],
    [
      'the one with the smaller share in use',
      [relay('a', { pairs: 50 }), relay('b', { pairs: 60, capacityPairs: 1000 })],
      'b',
    ],
    [
      'the calmer of two equals',
      [relay('a', { packetsPerSecond: 9 }), relay('b', { packetsPerSecond: 3 })],
      'b',
    ],
    ['the first of two that are the same', [relay('b'), relay('a')], 'a'],
    ['one with room, however busy', [relay('a', { pairs: 100 }), relay('b', { pairs: 99 })], 'b'],
    ['nobody, when all are full', [relay('a', { pairs: 100 }), relay('b', { capacityPairs: 0 })], null],
    ['nobody who has not announced its pairs', [relay('a', { ready: false })], null],
    ['nobody who drains', [relay('a', { draining: true })], null],
    ['nobody who is dead', [relay('a', { dead: true })], null],
  ])('without any round trip takes %s', (_what, relays, chosen) => {
    expect(chooseRelay(relays, pair({}, {}))).toBe(chosen);
  });

  const three = [relay('a'), relay('b', { pairs: 10 }), relay('c', { pairs: 20 })];
  it.each<[string, Figures, Figures, string]>([
    ['the least sum', { a: 90, b: 40, c: 10 }, { a: 90, b: 40, c: 100 }, 'b'],
    ['the least sum, not the least of one', { a: 1, b: 40, c: 60 }, { a: 100, b: 40, c: 60 }, 'b'],
    ['the one with more room within 5 ms', { a: 44, b: 40, c: 90 }, { a: 41, b: 40, c: 90 }, 'a'],
    ['the shorter way beyond that', { a: 45, b: 40, c: 90 }, { a: 41, b: 40, c: 90 }, 'b'],
    ["the other's figures where one has none", { a: 90, b: 90, c: 30 }, {}, 'c'],
    [
      "the other's figure for the relay that one has not measured",
      { a: 50, b: 50, c: 20 },
      { a: 50, b: 50 },
      'c',
    ],
    ['no relay that nobody has measured', { b: 100, c: 200 }, { b: 100, c: 200 }, 'b'],
    ['no relay that does not answer one of them', { a: null, b: 80, c: 90 }, { a: 1, b: 80, c: 90 }, 'b'],
    ['such a one if none answers', { a: null, b: null, c: null }, { a: 9, b: 9, c: 9 }, 'a'],
  ])('takes %s', (_what, one, other, chosen) => {
    expect(chooseRelay(three, pair(one, other))).toBe(chosen);
    expect(chooseRelay([...three].reverse(), pair(other, one))).toBe(chosen);
  });

  it('takes a relay to be as far as its neighbours in the region', () => {
    const relays = [
      relay('eu-1', { region: 'eu', pairs: 9 }),
      relay('eu-2', { region: 'eu' }),
      relay('us-1'),
    ];
    const player = { 'eu-1': 20, 'us-1': 100 };
    expect(chooseRelay(relays, pair(player, player))).toBe('eu-2');
  });

  it('spends room on another relay when the best is full', () => {
    const relays = [relay('a', { pairs: 100 }), relay('b'), relay('c')];
    const player = { a: 1, b: 50, c: 20 };
    expect(chooseRelay(relays, pair(player, player))).toBe('c');
  });
});

describe('placeTogether', () => {
  it('gives the last place to the pair that would be worst off without it', () => {
    const relays = [relay('near', { pairs: 99 }), relay('far')];
    const joiner = { near: 10, far: 60 };
    const others = [
      { near: 20, far: 30 },
      { near: 10, far: 200 },
      { near: 5, far: 40 },
    ];
    expect(
      placeTogether(
        relays,
        others.map((other) => pair(joiner, other)),
      ),
    ).toEqual(['far', 'near', 'far']);
  });

  it('counts what it places: equals share', () => {
    const relays = [relay('a'), relay('b', { pairs: 2 })];
    const pairs = Array.from({ length: 4 }, () => pair({}, {}));
    expect(placeTogether(relays, pairs).filter((id) => id === 'a')).toHaveLength(3);
  });

  it('leaves without a relay who finds no room', () => {
    expect(placeTogether([relay('a', { capacityPairs: 1 })], [pair({}, {}), pair({}, {})])).toEqual([
      'a',
      null,
    ]);
  });

  const ids = ['a', 'b', 'c', 'd'];
  const figures = fc.dictionary(
    fc.constantFrom(...ids),
    fc.option(fc.double({ min: 0, max: 500, noNaN: true })),
  );
  const anyRelay = (id: string) =>
    fc
      .record({
        region: fc.constantFrom('eu', 'us'),
        ready: fc.boolean(),
        draining: fc.boolean(),
        dead: fc.boolean(),
        capacityPairs: fc.integer({ min: 0, max: 4 }),
        pairs: fc.integer({ min: 0, max: 5 }),
        packetsPerSecond: fc.integer({ min: 0, max: 3 }),
      })
      .map((facts) => relay(id, facts));
  const anyPair = fc.tuple(figures, figures).map(([one, other]) => pair(one, other));
  const anyRelays = fc.tuple(...ids.map(anyRelay));

  it('never overfills, never takes who cannot, serves all that there is room for, and does the same in any order', () => {
    fc.assert(
      fc.property(anyRelays, fc.array(anyPair, { maxLength: 12 }), (relays, pairs) => {
        const placed = placeTogether(relays, pairs);
        expect(placeTogether([...relays].reverse(), pairs)).toEqual(placed);
        for (const each of relays) {
          const added = placed.filter((id) => id === each.id).length;
          if (added > 0) expect(hasRoom({ ...each, pairs: each.pairs + added - 1 })).toBe(true);
        }
        const room = relays.filter(hasRoom).reduce((sum, each) => sum + each.capacityPairs - each.pairs, 0);
        expect(placed.filter((id) => id !== null)).toHaveLength(Math.min(room, pairs.length));
      }),
    );
  });
});

describe('measuredSumsMs', () => {
  it('guesses nothing', () => {
    const relays = [relay('a'), relay('b'), relay('c')];
    const sums = measuredSumsMs(relays, pair({ a: 1, b: 2, c: 3, x: 4 }, { a: 5, b: null }));
    expect([...sums]).toEqual([
      ['a', 6],
      ['b', Infinity],
    ]);
  });
});

describe('needsAnotherRelay', () => {
  const away = { ready: false, awaySinceMs: 0 };
  it.each<[string, RelayFacts | null, number, boolean]>([
    ['without a relay', null, 0, true],
    ['on a relay in touch', relay('a'), 1e9, false],
    ['on one that has just gone', relay('a', away), RELAY_AWAY_MS - 1, false],
    ['on one that stays away', relay('a', away), RELAY_AWAY_MS, true],
    ['on one that stays away but lives', relay('a', { ...away, answering: true }), LINK_AWAY_MS - 1, false],
    [
      'on one that lives, but has no link for long',
      relay('a', { ...away, answering: true }),
      LINK_AWAY_MS,
      true,
    ],
    ['on a dead one', relay('a', { ...away, dead: true }), 0, true],
    ['on one that drains', relay('a', { draining: true }), 1e9, false],
    ['on one that has drained and is gone', relay('a', { ...away, draining: true }), 0, true],
  ])('%s', (_what, current, nowMs, expected) => {
    expect(needsAnotherRelay(current, nowMs)).toBe(expected);
  });
});
