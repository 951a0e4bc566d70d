import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { serverStatsSchema, type ServerStats } from '#shared/api/stats';
import { Answers } from '../operations/openapi';
import { FRESH_MS, Stats } from './stats';

@ApiTags('operations')
@Controller('v1/stats')
export class StatsController {
  constructor(private readonly stats: Stats) {}

  @Get()
  @Header('Cache-Control', `public, max-age=${FRESH_MS / 1000}`)
  @Answers({
    summary: 'How many parties, players and relays there are; no token needed',
    body: serverStatsSchema,
  })
  read(): Promise<ServerStats> {
    return this.stats.read();
  }
}
