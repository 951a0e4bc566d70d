import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { LiveModule } from '../live/live.module';
import { Discovery } from './discovery';
import { DiscoveryController } from './discovery.controller';
import { Hosting } from './hosting';
import { HostingController } from './hosting.controller';
import { HostingService } from './hosting.service';
import { InvitesController } from './invites.controller';
import { InvitesService } from './invites.service';
import { MembershipModule } from './membership.module';
import { PartiesController } from './parties.controller';
import { PartiesService } from './parties.service';
import { StateController } from './state.controller';
import { StateService } from './state.service';
import { PartyExpiry } from './party-expiry';
import { PasswordGate } from './password-gate';
import { PasswordTries } from './password-tries';

@Module({
  imports: [AuthModule, LiveModule, MembershipModule],
  controllers: [
    PartiesController,
    HostingController,
    InvitesController,
    DiscoveryController,
    StateController,
  ],
  providers: [
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
  exports: [HostingService, PartiesService],
})
export class PartiesModule {}
