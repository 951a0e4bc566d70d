import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { faultyRelaySchema } from '#shared/api/stats';
import { LanrageError } from '#shared/errors';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { CONFIG, type Config } from '../config';
import { Database } from '../database/database';
import type { Answer, LeaderCalls } from '../leader-client/contract';
import { Answers } from './openapi';
import { version } from '../util/version';

const healthSchema = z.object({
  status: z.literal('ok'),
  version: z.string(),
  uptimeSeconds: z.number(),
  /** Players of the largest party: as the settings allow it, and as the relays carry it. */
  largestParty: z.object({ allowed: z.int(), relayed: z.int() }),
  /** Relays that players do not reach. */
  relayFaults: z.array(faultyRelaySchema),
});

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: Database,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Answers({ summary: 'Does this node work, with database and leader in reach?', body: healthSchema })
  async check(): Promise<z.output<typeof healthSchema>> {
    if (!this.cluster.isLed) throw new LanrageError('CONTROL_UNAVAILABLE');
    await this.database.ping();
    const [relayed, faults] = (await Promise.all([
      this.cluster.askLeader('relays.carried', {}),
      this.cluster.askLeader('relays.faults', {}),
    ])) as [number, Answer<LeaderCalls, 'relays.faults'>];
    const largestParty = { allowed: this.config.maxPeers, relayed };
    return {
      status: 'ok',
      version,
      uptimeSeconds: Math.floor(process.uptime()),
      largestParty,
      relayFaults: faults,
    };
  }
}
