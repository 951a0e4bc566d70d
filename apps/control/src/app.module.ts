import { Module, type DynamicModule } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { AuthModule } from './auth/auth.module';
import { ClusterModule } from './cluster/cluster.module';
import { CONFIG, type Config } from './config';
import { DatabaseModule } from './database/database.module';
import { OperationsModule } from './operations/operations.module';
import { PageModule } from './page/page.module';
import { PartiesModule } from './parties/parties.module';
import { RelaysModule } from './gateways/relays/relays.module';
import { AgentsModule } from './gateways/agents/agents.module';
import { SocketsModule } from './sockets/sockets.module';

/**
 * What comes in by REST (parties/) and by sockets (gateways/) goes to the database and to the leader, which holds what is
 * live: see leader-client/ and cluster/.
 */
@Module({
  imports: [
    AdminModule,
    AuthModule,
    ClusterModule,
    DatabaseModule,
    OperationsModule,
    PageModule,
    PartiesModule,
    RelaysModule,
    AgentsModule,
    SocketsModule,
  ],
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
