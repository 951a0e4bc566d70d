import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { RelaysModule } from '../relays/relays.module';
import { SignalingModule } from '../signaling/signaling.module';
import { Membership } from './membership';
import { PartiesController } from './parties.controller';
import { PartiesService } from './parties.service';
import { PartyStore } from './party.store';

@Module({
  imports: [AuthModule, RelaysModule, SignalingModule],
  controllers: [PartiesController],
  providers: [PartyStore, Membership, PartiesService],
  exports: [PartiesService, PartyStore],
})
export class PartiesModule {}
