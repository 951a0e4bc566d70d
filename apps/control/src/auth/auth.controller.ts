import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  challengeRequestSchema,
  challengeSchema,
  tokenGrantSchema,
  tokenRequestSchema,
  type ChallengeRequest,
  type TokenRequest,
} from '#shared/api/rest';
import { Answers } from '../operations/openapi';
import { Limited } from '../operations/request-limits';
import { SignIn } from './sign-in';

@ApiTags('sign-in')
@Controller('v1/auth')
export class AuthController {
  constructor(private readonly signIn: SignIn) {}

  @Post('challenge')
  @HttpCode(200)
  @Limited('signIns')
  @Answers({ summary: 'Start to sign in', body: challengeSchema, refusals: ['INVALID_PUBLIC_KEY'] })
  challenge(@Body({ schema: challengeRequestSchema }) { publicKey }: ChallengeRequest) {
    return this.signIn.challenge(publicKey, Date.now());
  }

  @Post('token')
  @HttpCode(200)
  @Answers({
    summary: 'Prove possession of the private key, get a token',
    body: tokenGrantSchema,
    refusals: ['CHALLENGE_EXPIRED', 'PROOF_REJECTED', 'BANNED_FROM_SERVER'],
  })
  token(@Body({ schema: tokenRequestSchema }) request: TokenRequest, @Headers('host') host = '') {
    return this.signIn.redeem(request, host, Date.now());
  }
}
