import { Module, type DynamicModule } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { AuthModule } from './auth/auth.module';
import { CONFIG, type Config } from './config';
import { DatabaseModule } from './database/database.module';
import { OperationsModule } from './operations/operations.module';
import { PageModule } from './page/page.module';
import { PartiesModule } from './parties/parties.module';
import { RelaysGateway } from './relays/relays.gateway';
import { RelaysModule } from './relays/relays.module';
import { AgentsGateway } from './signaling/agents.gateway';
import { DirectPaths } from './signaling/direct-paths';
import { PresenceWatch } from './signaling/presence-watch';
import { SignalingModule } from './signaling/signaling.module';

/**
 * Below: presence and sockets, relays, parties, each on top of the one before. The gateways stand above them all: what
 * comes in by socket may touch presence, relay sessions and parties alike.
 */
@Module({
  imports: [
    AdminModule,
    AuthModule,
    DatabaseModule,
    OperationsModule,
    PageModule,
    PartiesModule,
    RelaysModule,
    SignalingModule,
  ],
  providers: [AgentsGateway, DirectPaths, RelaysGateway, PresenceWatch],
})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      global: true,
      providers: [{ provide: CONFIG, useValue: config }],
      exports: [CONFIG],
    };
  }
}
