import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../operations/files';
import { LiveModule } from '../live/live.module';
import { RelaySecrets } from './relay-secrets';
import { RelaySignIn } from './relay-sign-in';
import { RelaysController } from './relays.controller';
import { ServerController } from './server.controller';
import { RelaysGateway } from './relays.gateway';

async function relaySecrets(config: Config): Promise<RelaySecrets> {
  const shared = config.relaySecrets ?? [await keptSecret(config.dataDirectory, 'relay-secret')];
  return new RelaySecrets(shared, config.ownRelaySecrets);
}

@Module({
  imports: [LiveModule],
  controllers: [RelaysController, ServerController],
  providers: [
    RelaysGateway,
    RelaySignIn,
    { provide: RelaySecrets, useFactory: relaySecrets, inject: [CONFIG] },
  ],
})
export class RelaysModule {}
