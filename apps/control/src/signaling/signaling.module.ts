import { Module } from '@nestjs/common';
import { AgentSockets } from './agent-sockets';
import { PresenceBook } from './presence';

@Module({ providers: [AgentSockets, PresenceBook], exports: [AgentSockets, PresenceBook] })
export class SignalingModule {}
