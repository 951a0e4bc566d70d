import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  inviteIdField,
  inviteListSchema,
  inviteSchema,
  makeInviteRequestSchema,
  type Invite,
  type InviteList,
  type MakeInviteRequest,
} from '#shared/api/invites';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import type { Identity } from '../../model/identity';
import { LedGuard } from '../../leader-client/led.guard';
import { AnswersToCaller } from '../../operations/openapi';
import { forHosts } from '../hosting/hosting.controller';
import { InvitesService } from './invites.service';
import { partyPath, type PartyPath } from '../membership/party-path';

export const invitePath = partyPath.extend({ inviteId: inviteIdField });
export type InvitePath = PartyPath & { readonly inviteId: string };

@ApiTags('invites')
@Controller('v1/parties/:partyId/invites')
@UseGuards(AuthGuard, LedGuard)
export class InvitesController {
  constructor(private readonly invites: InvitesService) {}

  @Post()
  @AnswersToCaller({
    summary: 'Make an invite: players who have its secret bypass lock, seal and password',
    status: 201,
    body: inviteSchema,
    refusals: [...forHosts, 'TOO_MANY_INVITES'],
  })
  make(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
    @Body({ schema: makeInviteRequestSchema }) request: MakeInviteRequest,
  ): Promise<Invite> {
    return this.invites.make(caller.peerId, partyId, request);
  }

  @Get()
  @AnswersToCaller({ summary: 'The invites that are valid now', body: inviteListSchema, refusals: forHosts })
  list(
    @Caller() caller: Identity,
    @Param({ schema: partyPath }) { partyId }: PartyPath,
  ): Promise<InviteList> {
    return this.invites.list(caller.peerId, partyId);
  }

  @Delete(':inviteId')
  @HttpCode(204)
  @AnswersToCaller({
    summary: 'Revoke an invite; those who joined with it stay',
    status: 204,
    refusals: [...forHosts, 'NO_SUCH_INVITE'],
  })
  revoke(
    @Caller() caller: Identity,
    @Param({ schema: invitePath }) { partyId, inviteId }: InvitePath,
  ): Promise<void> {
    return this.invites.revoke(caller.peerId, partyId, inviteId);
  }
}
