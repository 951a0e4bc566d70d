import { Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { relayIdField } from '#shared/api/fields';
import { AnswersToOperator } from '../operations/openapi';
import {
  adminRelayListSchema,
  adminRelaySchema,
  drainedRelaySchema,
  type AdminRelay,
  type AdminRelayList,
  type DrainedRelay,
} from './admin.api';
import { AdminGuard } from './admin.guard';
import { Administration } from './administration';

const relayPath = z.object({ relayId: relayIdField });
type RelayPath = z.output<typeof relayPath>;

@ApiTags('administration')
@Controller('v1/admin/relays')
@UseGuards(AdminGuard)
export class AdminRelaysController {
  constructor(private readonly administration: Administration) {}

  @Get()
  @AnswersToOperator({ summary: 'The relays and how they are', body: adminRelayListSchema })
  list(): Promise<AdminRelayList> {
    return this.administration.listRelays();
  }

  @Post(':relayId/drain')
  @HttpCode(200)
  @AnswersToOperator({
    summary: 'Let a relay take no more pairs and hand over those that it has, until this is lifted',
    body: drainedRelaySchema,
    refusals: ['NO_SUCH_RELAY'],
  })
  drain(@Param({ schema: relayPath }) { relayId }: RelayPath): Promise<DrainedRelay> {
    return this.administration.drain(relayId);
  }

  @Post(':relayId/undrain')
  @HttpCode(200)
  @AnswersToOperator({
    summary: 'Let a relay take pairs again',
    body: adminRelaySchema,
    refusals: ['NO_SUCH_RELAY'],
  })
  undrain(@Param({ schema: relayPath }) { relayId }: RelayPath): Promise<AdminRelay> {
    return this.administration.undrain(relayId);
  }
}
