import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { LiveModule } from '../live/live.module';
import { PartiesModule } from '../parties/parties.module';
import { AgentsGateway } from './agents.gateway';

@Module({ imports: [AuthModule, LiveModule, PartiesModule], providers: [AgentsGateway] })
export class SignalingModule {}
