import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  banListSchema,
  changePartyRequestSchema,
  moderationRequestSchema,
  type BanList,
  type ChangePartyRequest,
  type ModerationRequest,
} from '#shared/api/hosting';
import { agentEventSchemas, type AgentEvents } from '#shared/api/signaling';
import type { ErrorCode } from '#shared/errors';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import type { Identity } from '../../model/identity';
import { LedGuard } from '../../leader-client/led.guard';
import { AnswersToCaller } from '../../operations/openapi';
import { HostingService } from './hosting.service';
import { partyPath, type PartyPath } from '../joining/joining.controller';
import type { Client } from '../passwords/password-gate';

const forHosts: readonly ErrorCode[] = ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND', 'NOT_HOST'];

@ApiTags('hosting')
@Controller('v1/parties/:partyId')
@UseGuards(AuthGuard, LedGuard)
export class HostingController {
  constructor(private readonly hosting: HostingService) {}

  @Patch()
  @AnswersToCaller({
    summary: 'Change the name, the settings, the host or the owner of a party',
    body: agentEventSchemas['party.changed'],
    refusals: [
      ...forHosts,
      'INVALID_NAME',
      'INVALID_PASSWORD',
      'INVALID_DISCORD_LINK',
      'NOT_OWNER',
      'NO_SUCH_PEER',
      'TOO_MANY_PARTIES',
      'TOO_MANY_PUBLIC_PARTIES',
    ],
  })
  change(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: changePartyRequestSchema }) request: ChangePartyRequest,
    @Req() client: Client,
  ): Promise<AgentEvents['party.changed']> {
    return this.hosting.change(caller.peerId, partyId, request, client);
  }

  @Delete()
  @HttpCode(204)
  @AnswersToCaller({
    summary: 'Close a party, for its owner; a persistent one from outside as well',
    status: 204,
    refusals: ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND', 'NOT_OWNER'],
  })
  close(@Caller() caller: Identity, @Param({ schema: partyPath }) { partyId }: PartyPath): Promise<void> {
    return this.hosting.close(caller.peerId, partyId);
  }

  @Post('kick')
  @HttpCode(200)
  @AnswersToCaller({
    summary: 'Remove a member, who may come back',
    body: agentEventSchemas['member.left'],
    refusals: [...forHosts, 'NOT_OWNER', 'NO_SUCH_PEER', 'CANNOT_REMOVE_YOURSELF'],
  })
  kick(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: moderationRequestSchema }) { peerId }: ModerationRequest,
  ): Promise<AgentEvents['member.left']> {
    return this.hosting.kick(caller.peerId, partyId, peerId);
  }

  @Post('ban')
  @HttpCode(200)
  @AnswersToCaller({
    summary: 'Keep a key out, and remove it if it is a member',
    body: agentEventSchemas['member.left'],
    refusals: [...forHosts, 'NOT_OWNER', 'CANNOT_REMOVE_YOURSELF', 'TOO_MANY_BANS'],
  })
  ban(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: moderationRequestSchema }) { peerId }: ModerationRequest,
  ): Promise<AgentEvents['member.left']> {
    return this.hosting.ban(caller.peerId, partyId, peerId);
  }

  @Post('unban')
  @HttpCode(204)
  @AnswersToCaller({
    summary: 'Let a banned key join again',
    status: 204,
    refusals: [...forHosts, 'NO_SUCH_PEER'],
  })
  unban(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: moderationRequestSchema }) { peerId }: ModerationRequest,
  ): Promise<void> {
    return this.hosting.unban(caller.peerId, partyId, peerId);
  }

  @Get('bans')
  @AnswersToCaller({ summary: 'The keys that may not join', body: banListSchema, refusals: forHosts })
  bans(@Caller() caller: Identity, @Param({ schema: partyPath }) { partyId }: PartyPath): Promise<BanList> {
    return this.hosting.bans(caller.peerId, partyId);
  }
}
