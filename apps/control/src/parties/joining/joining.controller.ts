import { Body, Controller, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ownedPartiesSchema, type OwnedParties } from '#shared/api/hosting';
import {
  goodbyeRequestSchema,
  partyEntrySchema,
  partySnapshotSchema,
  type GoodbyeRequest,
  type PartySnapshot,
} from '#shared/api/party';
import {
  createPartyRequestSchema,
  joinPartyRequestSchema,
  type CreatePartyRequest,
  type JoinPartyRequest,
} from '#shared/api/rest';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import type { Identity } from '../../model/identity';
import { LedGuard } from '../../leader-client/led.guard';
import { AnswersToCaller } from '../../operations/openapi';
import { Limited } from '../../operations/request-limits';
import { partyPath, type PartyPath } from '../membership/party-path';
import { HostingService } from '../hosting/hosting.service';
import { JoiningService } from './joining.service';
import type { Client } from '../passwords/password-gate';

@ApiTags('parties')
@Controller('v1/parties')
@UseGuards(AuthGuard, LedGuard)
export class JoiningController {
  constructor(
    private readonly parties: JoiningService,
    private readonly hosting: HostingService,
  ) {}

  /** Stands before the routes of single parties: no id is so short. */
  @Get('owned')
  @AnswersToCaller({
    summary: 'The persistent parties that the caller owns, whether it is in one or not',
    body: ownedPartiesSchema,
  })
  owned(@Caller() caller: Identity): Promise<OwnedParties> {
    return this.hosting.owned(caller.peerId);
  }

  @Post()
  @Limited('creates')
  @AnswersToCaller({
    summary: 'Found a party, as its host',
    status: 201,
    body: partyEntrySchema,
    refusals: [
      'INVALID_NAME',
      'INVALID_PASSWORD',
      'INVALID_DISCORD_LINK',
      'ALREADY_IN_PARTY',
      'PARTY_TOO_LARGE',
      'TOO_MANY_PARTIES',
      'TOO_MANY_PARTIES_FROM_ADDRESS',
      'TOO_MANY_PUBLIC_PARTIES',
    ],
  })
  create(
    @Caller() caller: Identity,
    @Body({ schema: createPartyRequestSchema }) request: CreatePartyRequest,
    @Req() client: Client,
  ): Promise<PartySnapshot> {
    return this.parties.create(caller, request, client);
  }

  @Post(':partyId/join')
  @HttpCode(200)
  @Limited('joins')
  @AnswersToCaller({
    summary: 'Join a party; joining again gives the same answer',
    body: partyEntrySchema,
    refusals: [
      'INVALID_PARTY_ID',
      'INVALID_NAME',
      'PARTY_NOT_FOUND',
      'PARTY_FULL',
      'NO_FREE_ADDRESS',
      'ALREADY_IN_PARTY',
      'PARTY_LOCKED',
      'PASSWORD_REQUIRED',
      'INVALID_PASSWORD',
      'WRONG_PASSWORD',
      'KICKED',
      'INVITE_EXPIRED',
      'PARTY_SEALED',
    ],
  })
  join(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: joinPartyRequestSchema }) request: JoinPartyRequest,
    @Req() client: Client,
  ): Promise<PartySnapshot> {
    return this.parties.join(caller, partyId, request, client);
  }

  @Post(':partyId/leave')
  @HttpCode(204)
  @AnswersToCaller({
    summary: 'Leave a party; done as well when not in it',
    status: 204,
    refusals: ['INVALID_PARTY_ID'],
  })
  leave(@Caller() caller: Identity, @Param({ schema: partyPath }) { partyId }: PartyPath): Promise<void> {
    return this.parties.leave(caller.peerId, partyId, 'left');
  }

  @Post(':partyId/goodbyes')
  @HttpCode(204)
  @AnswersToCaller({
    summary: 'Hand on the goodbye of another member, which ends its stay; done as well when it is over',
    status: 204,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND', 'WRONG_LEAVE_TICKET'],
  })
  passOn(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: goodbyeRequestSchema }) request: GoodbyeRequest,
  ): Promise<void> {
    return this.parties.passOn(caller.peerId, partyId, request);
  }

  @Get(':partyId')
  @AnswersToCaller({
    summary: 'The party as the caller sees it; members only',
    body: partySnapshotSchema,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND'],
  })
  get(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
  ): Promise<PartySnapshot> {
    return this.parties.get(caller.peerId, partyId);
  }
}
