import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { version } from '#runtime/version';
import { faultyRelaySchema } from '#shared/api/stats';
import { LanrageError } from '#shared/errors';
import { CONFIG, type Config } from '../config';
import { Database } from '../database/database';
import { Leader } from '../leader-client/leader';
import { Answers } from './openapi';

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
    private readonly leader: Leader,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Answers({ summary: 'Does this node work, with database and leader in reach?', body: healthSchema })
  async check(): Promise<z.output<typeof healthSchema>> {
    if (!this.leader.isPresent) throw new LanrageError('CONTROL_UNAVAILABLE');
    await this.database.ping();
    const [relayed, relayFaults] = await Promise.all([
      this.leader.relays.carried(),
      this.leader.relays.faults(),
    ]);
    const largestParty = { allowed: this.config.maxPeers, relayed };
    return {
      status: 'ok',
      version,
      uptimeSeconds: Math.floor(process.uptime()),
      largestParty,
      relayFaults,
    };
  }
}
