import { Global, Module } from '@nestjs/common';
import { SocketGuard } from './socket-guard';
import { TurnedAway } from './turned-away';

@Global()
@Module({ providers: [SocketGuard, TurnedAway], exports: [SocketGuard, TurnedAway] })
export class SocketsModule {}
