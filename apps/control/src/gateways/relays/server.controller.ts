import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { version } from '#runtime/version';
import { serverInfoSchema, type ServerInfo } from '#shared/api/rest';
import { Leader } from '../../leader-client/leader';
import { Answers } from '../../operations/openapi';

@ApiTags('operations')
@Controller('v1/server')
export class ServerController {
  constructor(private readonly leader: Leader) {}

  @Get()
  @Answers({
    summary: 'The version and the relays, for agents that have not signed in yet',
    body: serverInfoSchema,
  })
  async describe(): Promise<ServerInfo> {
    return { version, relays: await this.leader.relays.described() };
  }
}
