import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../operations/files';
import { SignalingModule } from '../signaling/signaling.module';
import { RelayRegistry } from './registry';
import { RelaySecrets } from './relay-secrets';
import { ServerController } from './server.controller';
import { RelaySessions } from './sessions';

async function relaySecrets(config: Config): Promise<RelaySecrets> {
  return new RelaySecrets(config.relaySecrets ?? [await keptSecret(config.dataDirectory, 'relay-secret')]);
}

@Module({
  imports: [SignalingModule],
  controllers: [ServerController],
  providers: [
    RelayRegistry,
    RelaySessions,
    { provide: RelaySecrets, useFactory: relaySecrets, inject: [CONFIG] },
  ],
  exports: [RelayRegistry, RelaySecrets, RelaySessions],
})
export class RelaysModule {}
