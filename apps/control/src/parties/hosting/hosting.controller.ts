import { Body, Controller, Delete, HttpCode, Param, Patch, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { changePartyRequestSchema, type ChangePartyRequest } from '#shared/api/hosting';
import { agentEventSchemas, type AgentEvents } from '#shared/api/signaling';
import type { ErrorCode } from '#shared/errors';
import { AuthGuard, Caller } from '../../auth/auth.guard';
import type { Identity } from '../../model/identity';
import { LedGuard } from '../../leader-client/led.guard';
import { AnswersToCaller } from '../../operations/openapi';
import { HostingService } from './hosting.service';
import { partyPath, type PartyPath } from '../membership/party-path';
import type { Client } from '../passwords/password-gate';

export const forHosts: readonly ErrorCode[] = ['INVALID_PARTY_ID', 'PARTY_NOT_FOUND', 'NOT_HOST'];

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
      'PARTY_TOO_LARGE',
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
}
