import { Module } from '@nestjs/common';
import { MembershipModule } from '../parties/membership/membership.module';
import { Leader } from './leader';
import { LocalSockets } from './local-sockets';

@Module({ imports: [MembershipModule], providers: [Leader, LocalSockets], exports: [Leader, LocalSockets] })
export class LeaderClientModule {}
