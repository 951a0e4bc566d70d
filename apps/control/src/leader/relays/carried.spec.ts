import { largestCarried } from './carried';
import { sharedRoom } from './shares';

const relay = (capacityPairs: number) => ({ capacityPairs });

describe('largestCarried', () => {
  it.each([
    ['no relay', [], 1],
    ['one with the default 256 ports', [relay(16_384)], 129],
    ['one with 400 ports', [relay(20_000)], 158],
    ['two with 400 ports', [relay(20_000), relay(20_000)], 265],
    ['one with a single port', [relay(64)], 2],
    ['one that takes nothing', [relay(0)], 1],
  ])('%s', (_what, relays, players) => {
    expect(largestCarried(relays)).toBe(players);
  });

  it('leaves the reserve alone, and fills no more ports than there are', () => {
    for (let capacity = 64; capacity <= 60_000; capacity += 64) {
      const players = largestCarried([relay(capacity)]);
      expect((players * (players - 1)) / 2).toBeLessThanOrEqual(sharedRoom(capacity));
      expect(2 * players - 3).toBeLessThanOrEqual(capacity / 64);
    }
  });
});
