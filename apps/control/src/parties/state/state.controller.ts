import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  partyStateSchema,
  stateEntrySchema,
  writeStateRequestSchema,
  type PartyState,
  type StateEntry,
  type WriteStateRequest,
} from '#shared/api/state';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import type { Identity } from '../../model/identity';
import { LedGuard } from '../../leader-client/led.guard';
import { AnswersToCaller } from '../../operations/openapi';
import { partyPath, type PartyPath } from '../membership/party-path';
import { StateService } from './state.service';

@ApiTags('shared state')
@Controller('v1/parties/:partyId/state')
@UseGuards(AuthGuard, LedGuard)
export class StateController {
  constructor(private readonly state: StateService) {}

  @Get()
  @AnswersToCaller({
    summary: 'What the members share',
    body: partyStateSchema,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND'],
  })
  read(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
  ): Promise<PartyState> {
    return this.state.read(partyId, caller.peerId);
  }

  @Post()
  @HttpCode(200)
  @AnswersToCaller({
    summary: 'Write or remove one key, if it is still as it was read',
    body: stateEntrySchema,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND', 'STATE_CONFLICT', 'STATE_FULL'],
  })
  write(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: writeStateRequestSchema }) request: WriteStateRequest,
  ): Promise<StateEntry> {
    return this.state.write(partyId, caller.peerId, request);
  }
}
