import { Controller, Delete, Get, HttpCode, Param, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AnswersToOperator } from '../operations/openapi';
import { partyPath, type PartyPath } from '../parties/membership/party-path';
import {
  adminPartyDetailsSchema,
  adminPartyPageSchema,
  listPartiesQuerySchema,
  type AdminPartyDetails,
  type AdminPartyPage,
  type ListPartiesQuery,
} from './admin.api';
import { AdminGuard } from './admin.guard';
import { Administration } from './administration';

@ApiTags('administration')
@Controller('v1/admin/parties')
@UseGuards(AdminGuard)
export class AdminPartiesController {
  constructor(private readonly administration: Administration) {}

  @Get()
  @AnswersToOperator({ summary: 'All parties, the newest first', body: adminPartyPageSchema })
  list(@Query({ schema: listPartiesQuerySchema }) query: ListPartiesQuery): Promise<AdminPartyPage> {
    return this.administration.listParties(query);
  }

  @Get(':partyId')
  @AnswersToOperator({
    summary: 'A party and who is in it',
    body: adminPartyDetailsSchema,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND'],
  })
  show(@Param({ schema: partyPath }) { partyId }: PartyPath): Promise<AdminPartyDetails> {
    return this.administration.showParty(partyId);
  }

  @Delete(':partyId')
  @HttpCode(204)
  @AnswersToOperator({
    summary: 'Close a party; its members are told who did',
    status: 204,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND'],
  })
  close(@Param({ schema: partyPath }) { partyId }: PartyPath): Promise<void> {
    return this.administration.closeParty(partyId);
  }
}
