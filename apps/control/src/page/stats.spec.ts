import type { Database } from '../database/database';
import type { Leader } from '../leader-client/leader';
import { FRESH_MS, Stats } from './stats';

describe('the counts', () => {
  it('are taken once in a while, however often they are asked for, and a failure is not tried again sooner', async () => {
    let queries = 0;
    const rows = () => {
      queries++;
      return queries === 2
        ? Promise.reject(new Error('away'))
        : Promise.resolve([{ parties: queries, players: 7 }]);
    };
    const none = () => Promise.resolve([]);
    const leader = { relays: { described: none, faults: none } } as unknown as Leader;
    const stats = new Stats({ sql: { rows } } as unknown as Database, leader);
    const first = { parties: 1, players: 7, relays: [], relayFaults: [] };
    expect(await Promise.all([stats.read(1), stats.read(1), stats.read(FRESH_MS)])).toEqual([
      first,
      first,
      first,
    ]);
    await expect(stats.read(1 + FRESH_MS)).rejects.toThrow('away');
    await expect(stats.read(2 * FRESH_MS)).rejects.toThrow('away');
    expect(await stats.read(1 + 2 * FRESH_MS)).toEqual({ ...first, parties: 3 });
    expect(queries).toBe(3);
  });
});
