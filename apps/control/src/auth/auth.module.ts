import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../operations/files';
import { AuthController } from './auth.controller';
import { BannedKeys } from './banned-keys';
import { SignIn } from './sign-in';
import { Tokens } from './tokens';

async function makeTokens(config: Config): Promise<Tokens> {
  const secret = config.tokenSecret ?? (await keptSecret(config.dataDirectory, 'token-secret'));
  return new Tokens(secret, config.tokenLifetimeSeconds);
}

@Module({
  controllers: [AuthController],
  providers: [BannedKeys, SignIn, { provide: Tokens, useFactory: makeTokens, inject: [CONFIG] }],
  exports: [BannedKeys, Tokens],
})
export class AuthModule {}
