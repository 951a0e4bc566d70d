import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { peerIdField } from '#shared/api/fields';
import { AnswersToOperator } from '../operations/openapi';
import {
  banPlayerRequestSchema,
  listBansQuerySchema,
  serverBanPageSchema,
  serverBanSchema,
  type BanPlayerRequest,
  type ListBansQuery,
  type ServerBan,
  type ServerBanPage,
} from './admin.api';
import { AdminGuard } from './admin.guard';
import { Administration } from './administration';

const banPath = z.object({ peerId: peerIdField });
type BanPath = z.output<typeof banPath>;

@ApiTags('administration')
@Controller('v1/admin/bans')
@UseGuards(AdminGuard)
export class AdminBansController {
  constructor(private readonly administration: Administration) {}

  @Get()
  @AnswersToOperator({ summary: 'The banned keys', body: serverBanPageSchema })
  list(@Query({ schema: listBansQuerySchema }) { cursor }: ListBansQuery): Promise<ServerBanPage> {
    return this.administration.listBans(cursor);
  }

  @Post()
  @HttpCode(200)
  @AnswersToOperator({
    summary: 'Ban a key: it leaves its party, is disconnected, and cannot sign in',
    body: serverBanSchema,
    refusals: ['INVALID_PUBLIC_KEY', 'TOO_MANY_BANS'],
  })
  ban(@Body({ schema: banPlayerRequestSchema }) { publicKey }: BanPlayerRequest): Promise<ServerBan> {
    return this.administration.ban(publicKey);
  }

  @Delete(':peerId')
  @HttpCode(204)
  @AnswersToOperator({ summary: 'Lift a ban', status: 204, refusals: ['NO_SUCH_BAN'] })
  unban(@Param({ schema: banPath }) { peerId }: BanPath): Promise<void> {
    return this.administration.unban(peerId);
  }
}
