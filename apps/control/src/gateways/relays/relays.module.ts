import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../../config';
import { keptSecret } from '../../util/files';
import { LeaderClientModule } from '../../leader-client/leader-client.module';
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
  imports: [LeaderClientModule],
  controllers: [RelaysController, ServerController],
  providers: [
    RelaysGateway,
    RelaySignIn,
    { provide: RelaySecrets, useFactory: relaySecrets, inject: [CONFIG] },
  ],
})
export class RelaysModule {}
