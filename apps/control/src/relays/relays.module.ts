import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../operations/files';
import { LiveModule } from '../live/live.module';
import { RelaySecrets } from './relay-secrets';
import { ServerController } from './server.controller';
import { RelaysGateway } from './relays.gateway';

async function relaySecrets(config: Config): Promise<RelaySecrets> {
  const shared = config.relaySecrets ?? [await keptSecret(config.dataDirectory, 'relay-secret')];
  return new RelaySecrets(shared, config.ownRelaySecrets);
}

@Module({
  imports: [LiveModule],
  controllers: [ServerController],
  providers: [RelaysGateway, { provide: RelaySecrets, useFactory: relaySecrets, inject: [CONFIG] }],
})
export class RelaysModule {}
