import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import type { ServerStats } from '#shared/api/stats';
import { Database } from '../database/database';
import { Leader } from '../leader-client/leader';
import { groupBy } from '../util/lists';

type Occupied = Pick<ServerStats, 'parties' | 'players'>;

/** How long a count is good for, however often it is asked for; one that failed as well. */
export const FRESH_MS = 5000;

/** How much is going on here. */
@Injectable()
export class Stats {
  private counts: Promise<ServerStats> | null = null;
  private askedAtMs = 0;

  constructor(
    private readonly database: Database,
    private readonly leader: Leader,
  ) {}

  read(nowMs = performance.now()): Promise<ServerStats> {
    if (this.counts === null || nowMs - this.askedAtMs >= FRESH_MS) {
      this.askedAtMs = nowMs;
      this.counts = this.count();
    }
    return this.counts;
  }

  private async count(): Promise<ServerStats> {
    const [[occupied], described, relayFaults] = await Promise.all([
      this.database.sql.rows<[Occupied]>`
        /* occupied_parties */
        SELECT count(DISTINCT party_id)::int AS parties, count(*)::int AS players FROM members`,
      this.leader.relays.described(),
      this.leader.relays.faults(),
    ]);
    const byRegion = groupBy(described, ({ region }) => region);
    const relays = [...byRegion].map(([region, { length: count }]) => ({ region, count }));
    return { ...occupied, relays, relayFaults };
  }
}
