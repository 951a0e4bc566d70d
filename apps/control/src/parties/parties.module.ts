import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { Database } from '../database/database';
import { RelaysModule } from '../relays/relays.module';
import { SignalingModule } from '../signaling/signaling.module';
import { Discovery } from './discovery';
import { DiscoveryController } from './discovery.controller';
import { Hosting } from './hosting';
import { HostingController } from './hosting.controller';
import { HostingService } from './hosting.service';
import { InvitesController } from './invites.controller';
import { InvitesService } from './invites.service';
import { Membership } from './membership';
import { PartiesController } from './parties.controller';
import { PartiesService } from './parties.service';
import { StateController } from './state.controller';
import { StateService } from './state.service';
import { PartyExpiry } from './party-expiry';
import { PartyStore } from './party.store';
import { PasswordGate } from './password-gate';
import { PasswordTries } from './password-tries';

@Module({
  imports: [AuthModule, RelaysModule, SignalingModule],
  controllers: [
    PartiesController,
    HostingController,
    InvitesController,
    DiscoveryController,
    StateController,
  ],
  providers: [
    { provide: PartyStore, useFactory: ({ prisma }: Database) => new PartyStore(prisma), inject: [Database] },
    Membership,
    Discovery,
    Hosting,
    PasswordGate,
    PasswordTries,
    PartiesService,
    HostingService,
    InvitesService,
    PartyExpiry,
    StateService,
  ],
  exports: [HostingService, PartiesService, PartyStore],
})
export class PartiesModule {}
