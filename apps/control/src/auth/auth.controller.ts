import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import {
  challengeRequestSchema,
  challengeSchema,
  tokenGrantSchema,
  tokenRequestSchema,
  type ChallengeRequest,
  type TokenRequest,
} from '#shared/api/rest';
import { CONFIG, type Config } from '../config';
import { Answers } from '../operations/openapi';
import { Limited } from '../operations/request-limits';
import { reachedBy } from './reached';
import { SignIn } from './sign-in';

@ApiTags('sign-in')
@Controller('v1/auth')
export class AuthController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly signIn: SignIn,
  ) {}

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
    refusals: ['SERVER_NAME_UNKNOWN', 'CHALLENGE_EXPIRED', 'PROOF_REJECTED', 'BANNED_FROM_SERVER'],
  })
  token(@Body({ schema: tokenRequestSchema }) grantRequest: TokenRequest, @Req() request: Request) {
    return this.signIn.redeem(grantRequest, reachedBy(request, this.config.trustedProxies), Date.now());
  }
}
