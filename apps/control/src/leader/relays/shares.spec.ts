import fc from 'fast-check';
import type { PartyId } from '#shared/party/identity';
import { fairShares, maxMin, rule, sharedRoom, type Claim } from './shares';

const CAPACITY = 16_384;
const party = (name: string) => name.padEnd(12, '0') as PartyId;
const claim = (name: string, players: number, changes: Partial<Claim> = {}): Claim => {
  const wanted = (players * (players - 1)) / 2;
  const held = changes.held ?? 0;
  return { partyId: party(name), account: name, players, held, unused: held, wanted, ...changes };
};
const ruled = (name: string, asked: number, claims: readonly Claim[], capacity = CAPACITY) => {
  const { granted, evicted, refusal } = rule(party(name), asked, claims, capacity);
  return { granted, evicted: Object.fromEntries(evicted), refusal };
};
const all = (granted: number) => ({ granted, evicted: {}, refusal: null });

/** 222 keys of one person in two parties, as many as there is room for. */
const greedy = ['a', 'b'].map((name) => claim(name, 111, { account: 'greedy', held: 7168 - 512 }));
const [greedyOne, greedyOther] = [
  claim('a', 128, { account: 'greedy', held: 7168, wanted: 8128 }),
  claim('b', 128, { account: 'greedy', held: 7168, wanted: 8128 }),
];
const filled = [greedyOne, greedyOther];

describe('rule', () => {
  it.each([
    ['everything while the relays are half full', 'c', 500, [claim('c', 200)], all(500)],
    ['all of a large party that is alone', 'c', 8256, [claim('c', 129)], all(8256)],
    [
      'no more than all but the reserve to a large party',
      'c',
      16_290,
      [claim('c', 181)],
      { granted: 14_336, evicted: {}, refusal: 'share_used_up' },
    ],
    ['a small party of its reserve', 'c', 15, [...filled, claim('c', 6)], all(15)],
    [
      'a larger party what others have too much of',
      'c',
      190,
      [...filled, claim('c', 20)],
      { granted: 190, evicted: { [party('a')]: 95, [party('b')]: 95 }, refusal: null },
    ],
    [
      'nobody what carries games',
      'c',
      190,
      [...filled.map((one) => ({ ...one, unused: 10 })), claim('c', 20)],
      { granted: 20, evicted: { [party('a')]: 10, [party('b')]: 10 }, refusal: 'relays_full' },
    ],
    [
      'one more party of somebody who has much nothing of the reserve',
      'c',
      15,
      [...filled, claim('c', 6, { account: 'greedy' })],
      { granted: 15, evicted: { [party('a')]: 8, [party('b')]: 7 }, refusal: null },
    ],
    [
      'what is beyond its share to nobody',
      'a',
      500,
      [...greedy, claim('c', 150, { held: 3000, wanted: 11_175 })],
      { granted: 0, evicted: {}, refusal: 'share_used_up' },
    ],
    [
      'the only place of a tiny relay to a small party',
      'c',
      3,
      [claim('c', 3)],
      { granted: 1, evicted: {}, refusal: 'relays_full' },
      1,
    ],
    [
      'nothing where there is no relay',
      'c',
      1,
      [claim('c', 2)],
      { granted: 0, evicted: {}, refusal: 'relays_full' },
      0,
    ],
  ] as const)('gives %s', (_what, name, asked, claims, expected, capacity: number = CAPACITY) => {
    expect(ruled(name, asked, claims, capacity)).toEqual(expected);
  });

  it('leaves each honest party of six whole, however many keys and parties one person has', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      claim(`a${100 + index}`, 16, { account: 'greedy', held: 120 }),
    );
    const others = Array.from({ length: 100 }, (_, index) => claim(`h${100 + index}`, 6));
    let claims: Claim[] = [...many, ...others];
    for (const { partyId } of others) {
      const { granted, evicted } = rule(partyId, 15, claims, 12_000);
      expect(granted).toBe(15);
      claims = claims.map((one) => {
        const gone = evicted.get(one.partyId) ?? 0;
        const held = one.held - gone + (one.partyId === partyId ? granted : 0);
        return { ...one, held, unused: one.unused - gone };
      });
    }
  });

  const anyClaims = fc
    .array(
      fc.record({
        account: fc.constantFrom('a', 'b', 'c'),
        players: fc.integer({ min: 2, max: 60 }),
        heldShare: fc.integer({ min: 0, max: 100 }),
        unusedShare: fc.integer({ min: 0, max: 100 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((all) =>
      all.map(({ account, players, heldShare, unusedShare }, index): Claim => {
        const wanted = (players * (players - 1)) / 2;
        const held = Math.floor((wanted * heldShare) / 100);
        const unused = Math.floor((held * unusedShare) / 100);
        return { partyId: party(`p${index}`), account, players, held, unused, wanted };
      }),
    );

  it('never promises more than there is, takes from nobody who has their share, and says why', () => {
    fc.assert(
      fc.property(anyClaims, fc.integer({ min: 0, max: 3000 }), (claims, capacity) => {
        const [own] = claims;
        if (!own) return;
        const asked = own.wanted - own.held;
        const { granted, evicted, refusal } = rule(own.partyId, asked, claims, capacity);
        const total = claims.reduce((sum, { held }) => sum + held, 0);
        const gone = [...evicted.values()].reduce((sum, count) => sum + count, 0);
        expect(granted).toBeGreaterThanOrEqual(0);
        expect(granted).toBeLessThanOrEqual(asked);
        if (granted > gone) expect(total - gone + granted).toBeLessThanOrEqual(capacity);
        expect(gone).toBeLessThanOrEqual(granted);
        expect(refusal === null).toBe(granted === asked);
        const shares = fairShares(claims, sharedRoom(capacity));
        for (const { partyId, held, unused } of claims) {
          const taken = evicted.get(partyId) ?? 0;
          expect(taken).toBeLessThanOrEqual(unused);
          if (taken > 0) expect(held - taken).toBeGreaterThanOrEqual(shares.get(partyId) ?? 0);
        }
      }),
    );
  });
});

describe('maxMin', () => {
  it.each([
    [[], 10, []],
    [[3, 3], 10, [3, 3]],
    [[1, 10, 10], 10, [1, 4, 5]],
    [[10, 1, 10], 11, [5, 1, 5]],
    [[5, 5, 5], 2, [0, 1, 1]],
  ])('divides among %j the room %i as %j', (demands, room, shares) => {
    expect(maxMin(demands, room)).toEqual(shares);
  });

  it('wastes nothing, and gives nobody more while somebody else goes without', () => {
    const demands = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 });
    fc.assert(
      fc.property(demands, fc.integer({ min: 0, max: 3000 }), (wanted, room) => {
        const shares = maxMin(wanted, room);
        const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
        expect(sum(shares)).toBe(Math.min(room, sum(wanted)));
        const most = Math.max(0, ...shares);
        for (const [index, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(wanted[index] ?? 0);
          // A party that has less than it wants has as much as anybody, but for a remainder of one.
          if (share < (wanted[index] ?? 0)) expect(share).toBeGreaterThanOrEqual(most - 1);
        }
      }),
    );
  });
});
