import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { serverInfoSchema, type ServerInfo } from '#shared/api/rest';
import { Answers } from '../operations/openapi';
import { version } from '../operations/version';
import { RelayRegistry } from './registry';

@ApiTags('operations')
@Controller('v1/server')
export class ServerController {
  constructor(private readonly relays: RelayRegistry) {}

  @Get()
  @Answers({
    summary: 'The version and the relays, for agents that have not signed in yet',
    body: serverInfoSchema,
  })
  describe(): ServerInfo {
    return { version, relays: this.relays.describe() };
  }
}
