import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { relayChallengeRequestSchema, relayChallengeSchema } from '#shared/api/relay-link';
import { Answers } from '../../operations/openapi';
import { Limited } from '../../operations/request-limits';
import { unixMs } from '../../util/clock';
import { RelaySignIn } from './relay-sign-in';

@ApiTags('relays')
@Controller('v1/relays')
export class RelaysController {
  constructor(private readonly signIn: RelaySignIn) {}

  @Post('challenge')
  @HttpCode(200)
  @Limited('signIns')
  @Answers({ summary: 'Start to connect a relay', body: relayChallengeSchema })
  challenge(@Body({ schema: relayChallengeRequestSchema }) _nothing: object) {
    return this.signIn.challenge(unixMs());
  }
}
