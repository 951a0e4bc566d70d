import { Module } from '@nestjs/common';
import { Leader } from './leader';
import { LocalSockets } from './local-sockets';

@Module({ providers: [Leader, LocalSockets], exports: [Leader, LocalSockets] })
export class LeaderClientModule {}
