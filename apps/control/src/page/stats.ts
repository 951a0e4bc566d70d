import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import type { ServerStats } from '#shared/api/stats';
import { Database } from '../database/database';
import { groupBy } from '../operations/lists';
import { RelayRegistry } from '../relays/registry';

type Occupied = Pick<ServerStats, 'parties' | 'players'>;

/** How long a count is good for, whoever asks how often; one that failed as well. */
export const FRESH_MS = 5000;

/** How much is going on here. */
@Injectable()
export class Stats {
  private occupied: Promise<Occupied> | null = null;
  private askedAtMs = 0;

  constructor(
    private readonly database: Database,
    private readonly relays: RelayRegistry,
  ) {}

  async read(nowMs = performance.now()): Promise<ServerStats> {
    if (this.occupied === null || nowMs - this.askedAtMs >= FRESH_MS) {
      this.askedAtMs = nowMs;
      this.occupied = this.count();
    }
    const byRegion = groupBy(this.relays.describe(), ({ region }) => region);
    const relays = [...byRegion].map(([region, { length: count }]) => ({ region, count }));
    return { ...(await this.occupied), relays };
  }

  private async count(): Promise<Occupied> {
    const [occupied] = await this.database.prisma.$queryRaw<[Occupied]>`
      /* occupied_parties */
      SELECT count(DISTINCT party_id)::int AS parties, count(*)::int AS players FROM members`;
    return occupied;
  }
}
