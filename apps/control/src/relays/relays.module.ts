import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { keptSecret } from '../operations/files';
import { SignalingModule } from '../signaling/signaling.module';
import { RelayMoves } from './moves';
import { RelayRegistry } from './registry';
import { RelayCare } from './relay-care';
import { RelaySecrets } from './relay-secrets';
import { ServerController } from './server.controller';
import { RelaySessions } from './sessions';

async function relaySecrets(config: Config): Promise<RelaySecrets> {
  const shared = config.relaySecrets ?? [await keptSecret(config.dataDirectory, 'relay-secret')];
  return new RelaySecrets(shared, config.ownRelaySecrets);
}

@Module({
  imports: [SignalingModule],
  controllers: [ServerController],
  providers: [
    RelayCare,
    RelayMoves,
    RelayRegistry,
    RelaySessions,
    { provide: RelaySecrets, useFactory: relaySecrets, inject: [CONFIG] },
  ],
  exports: [RelayMoves, RelayRegistry, RelaySecrets, RelaySessions],
})
export class RelaysModule {}
