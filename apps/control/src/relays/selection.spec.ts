import { chooseRelay, needsAnotherRelay, RELAY_AWAY_MS, type RelayFacts } from './selection';

const relay = (id: string, facts: Partial<RelayFacts> = {}): RelayFacts => ({
  id,
  ready: true,
  awaySinceMs: null,
  capacityPairs: 100,
  pairs: 0,
  packetsPerSecond: 0,
  ...facts,
});

describe('chooseRelay', () => {
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
    ['one with room, however busy', [relay('a', { pairs: 100 }), relay('b', { pairs: 99 })], 'b'],
    ['nobody, when all are full', [relay('a', { pairs: 100 }), relay('b', { capacityPairs: 0 })], null],
    ['nobody who has not announced its pairs', [relay('a', { ready: false })], null],
  ])('takes %s', (_what, relays, chosen) => {
    expect(chooseRelay(relays)).toBe(chosen);
  });
});

describe('needsAnotherRelay', () => {
  it.each<[string, RelayFacts | null, boolean]>([
    ['without a relay', null, true],
    ['on a relay in touch', relay('a'), false],
    ['on a relay that has just gone', relay('a', { ready: false, awaySinceMs: 1 }), false],
    ['on a relay that stays away', relay('a', { ready: false, awaySinceMs: 0 }), true],
  ])('%s', (_what, current, expected) => {
    expect(needsAnotherRelay(current, RELAY_AWAY_MS)).toBe(expected);
  });
});
