import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  findPartiesQuerySchema,
  partyPageSchema,
  type FindPartiesQuery,
  type PartyPage,
} from '#shared/api/discovery';
import { Answers } from '../../operations/openapi';
import { Limited } from '../../operations/request-limits';
import { DiscoveryService } from './discovery.service';

@ApiTags('parties')
@Controller('v1/parties')
export class DiscoveryController {
  constructor(private readonly discovery: DiscoveryService) {}

  @Get()
  @Limited('searches')
  @Answers({
    summary: 'The parties that their hosts have made public; no token needed',
    body: partyPageSchema,
  })
  find(@Query({ schema: findPartiesQuerySchema }) query: FindPartiesQuery): Promise<PartyPage> {
    return this.discovery.find(query);
  }
}
