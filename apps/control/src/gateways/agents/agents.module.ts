import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module';
import { LeaderClientModule } from '../../leader-client/leader-client.module';
import { PartiesModule } from '../../parties/parties.module';
import { AgentsGateway } from './agents.gateway';

@Module({ imports: [AuthModule, LeaderClientModule, PartiesModule], providers: [AgentsGateway] })
export class AgentsModule {}
