import { Module } from '@nestjs/common';
import { AuthModule, tokenSecret } from '../auth/auth.module';
import { CONFIG, type Config } from '../config';
import { Database } from '../database/database';
import { LeaderClientModule } from '../leader-client/leader-client.module';
import { DiscoveryService } from './discovery/discovery.service';
import { DiscoveryController } from './discovery/discovery.controller';
import { HostingController } from './hosting/hosting.controller';
import { HostingService } from './hosting/hosting.service';
import { ModerationController } from './moderation/moderation.controller';
import { ModerationService } from './moderation/moderation.service';
import { InvitesController } from './invites/invites.controller';
import { InvitesService } from './invites/invites.service';
import { LeaveTickets } from './joining/leave-tickets';
import { MembershipModule } from './membership/membership.module';
import { Origins } from './origins/origins';
import { JoiningController } from './joining/joining.controller';
import { JoiningService } from './joining/joining.service';
import { StateController } from './state/state.controller';
import { StateService } from './state/state.service';
import { Succession } from './hosting/succession';
import { PartyExpiry } from './membership/party-expiry';
import { NewsBudget } from './membership/news-budget';
import { PasswordGate } from './passwords/password-gate';
import { PasswordTries } from './passwords/password-tries';
import { PasswordTurns } from './passwords/password-turns';

async function makeOrigins(config: Config, database: Database): Promise<Origins> {
  return new Origins(config, database, await tokenSecret(config));
}

async function makeLeaveTickets(config: Config): Promise<LeaveTickets> {
  return new LeaveTickets(await tokenSecret(config));
}

@Module({
  imports: [AuthModule, LeaderClientModule, MembershipModule],
  controllers: [
    JoiningController,
    HostingController,
    ModerationController,
    InvitesController,
    DiscoveryController,
    StateController,
  ],
  providers: [
    DiscoveryService,
    { provide: LeaveTickets, useFactory: makeLeaveTickets, inject: [CONFIG] },
    NewsBudget,
    { provide: Origins, useFactory: makeOrigins, inject: [CONFIG, Database] },
    PasswordGate,
    PasswordTries,
    PasswordTurns,
    JoiningService,
    HostingService,
    ModerationService,
    InvitesService,
    PartyExpiry,
    StateService,
    Succession,
  ],
  exports: [HostingService, JoiningService],
})
export class PartiesModule {}
