import { Module } from '@nestjs/common';
import { AuthModule, tokenSecret } from '../auth/auth.module';
import { CONFIG, type Config } from '../config';
import { Database } from '../database/database';
import { LiveModule } from '../live/live.module';
import { Discovery } from './discovery';
import { DiscoveryController } from './discovery.controller';
import { Hosting } from './hosting';
import { HostingController } from './hosting.controller';
import { HostingService } from './hosting.service';
import { InvitesController } from './invites.controller';
import { InvitesService } from './invites.service';
import { LeaveTickets } from './leave-tickets';
import { MembershipModule } from './membership.module';
import { Origins } from './origins';
import { PartiesController } from './parties.controller';
import { PartiesService } from './parties.service';
import { StateController } from './state.controller';
import { StateService } from './state.service';
import { Succession } from './succession';
import { PartyExpiry } from './party-expiry';
import { NewsBudget } from './news-budget';
import { PasswordGate } from './password-gate';
import { PasswordTries } from './password-tries';
import { PasswordTurns } from './password-turns';

async function makeOrigins(config: Config, database: Database): Promise<Origins> {
  return new Origins(config, database, await tokenSecret(config));
}

async function makeLeaveTickets(config: Config): Promise<LeaveTickets> {
  return new LeaveTickets(await tokenSecret(config));
}

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
    { provide: LeaveTickets, useFactory: makeLeaveTickets, inject: [CONFIG] },
    NewsBudget,
    { provide: Origins, useFactory: makeOrigins, inject: [CONFIG, Database] },
    PasswordGate,
    PasswordTries,
    PasswordTurns,
    PartiesService,
    HostingService,
    InvitesService,
    PartyExpiry,
    StateService,
    Succession,
  ],
  exports: [HostingService, PartiesService],
})
export class PartiesModule {}
