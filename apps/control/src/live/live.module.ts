import { Module } from '@nestjs/common';
import { MembershipModule } from '../parties/membership.module';
import { Leader } from './leader';
import { LocalSockets } from './local-sockets';

@Module({ imports: [MembershipModule], providers: [Leader, LocalSockets], exports: [Leader, LocalSockets] })
export class LiveModule {}
