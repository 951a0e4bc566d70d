import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../util/files';
import { AuthController } from './auth.controller';
import { BannedKeys } from './banned-keys';
import { SignIn } from './sign-in';
import { Tokens } from './tokens';

/** The secret that tokens are signed with; all nodes of a server have one and the same. */
export async function tokenSecret({ tokenSecret: given, dataDirectory }: Config): Promise<string> {
  return given ?? (await keptSecret(dataDirectory, 'token-secret'));
}

async function makeTokens(config: Config): Promise<Tokens> {
  return new Tokens(await tokenSecret(config), config.tokenLifetimeSeconds);
}

@Module({
  controllers: [AuthController],
  providers: [BannedKeys, SignIn, { provide: Tokens, useFactory: makeTokens, inject: [CONFIG] }],
  exports: [BannedKeys, Tokens],
})
export class AuthModule {}
