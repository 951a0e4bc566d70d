import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { Database } from '../database/database';
import { RelaysModule } from '../relays/relays.module';
import { SignalingModule } from '../signaling/signaling.module';
import { Membership } from './membership';
import { PartiesController } from './parties.controller';
import { PartiesService } from './parties.service';
import { PartyStore } from './party.store';

@Module({
  imports: [AuthModule, RelaysModule, SignalingModule],
  controllers: [PartiesController],
  providers: [
    { provide: PartyStore, useFactory: ({ prisma }: Database) => new PartyStore(prisma), inject: [Database] },
    Membership,
    PartiesService,
  ],
  exports: [PartiesService, PartyStore],
})
export class PartiesModule {}
