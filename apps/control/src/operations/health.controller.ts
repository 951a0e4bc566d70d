import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { LanrageError } from '#shared/errors';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { Database } from '../database/database';
import { Answers } from './openapi';
import { version } from './version';

const healthSchema = z.object({ status: z.literal('ok'), version: z.string(), uptimeSeconds: z.number() });

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: Database,
    @Inject(CLUSTER) private readonly cluster: Cluster,
  ) {}

  @Get()
  @Answers({ summary: 'Does this node work, with database and leader in reach?', body: healthSchema })
  async check(): Promise<z.output<typeof healthSchema>> {
    if (!this.cluster.isLed) throw new LanrageError('CONTROL_UNAVAILABLE');
    await this.database.ping();
    return { status: 'ok', version, uptimeSeconds: Math.floor(process.uptime()) };
  }
}
