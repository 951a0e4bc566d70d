import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '../database/database';
import { Answers } from './openapi';
import { version } from './version';

const healthSchema = z.object({ status: z.literal('ok'), version: z.string(), uptimeSeconds: z.number() });

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get()
  @Answers({ summary: 'Does this server work, database included?', body: healthSchema })
  async check(): Promise<z.output<typeof healthSchema>> {
    await this.database.ping();
    return { status: 'ok', version, uptimeSeconds: Math.floor(process.uptime()) };
  }
}
