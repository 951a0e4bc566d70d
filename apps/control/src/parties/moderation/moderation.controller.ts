import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  banListSchema,
  moderationRequestSchema,
  type BanList,
  type ModerationRequest,
} from '#shared/api/hosting';
import { agentEventSchemas, type AgentEvents } from '#shared/api/signaling';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import { LedGuard } from '../../leader-client/led.guard';
import type { Identity } from '../../model/identity';
import { AnswersToCaller } from '../../operations/openapi';
import { forHosts } from '../hosting/hosting.controller';
import { partyPath, type PartyPath } from '../membership/party-path';
import { ModerationService } from './moderation.service';

@ApiTags('hosting')
@Controller('v1/parties/:partyId')
@UseGuards(AuthGuard, LedGuard)
export class ModerationController {
  constructor(private readonly moderation: ModerationService) {}

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
    return this.moderation.kick(caller.peerId, partyId, peerId);
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
    return this.moderation.ban(caller.peerId, partyId, peerId);
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
    return this.moderation.unban(caller.peerId, partyId, peerId);
  }

  @Get('bans')
  @AnswersToCaller({ summary: 'The keys that may not join', body: banListSchema, refusals: forHosts })
  bans(@Caller() caller: Identity, @Param({ schema: partyPath }) { partyId }: PartyPath): Promise<BanList> {
    return this.moderation.bans(caller.peerId, partyId);
  }
}
