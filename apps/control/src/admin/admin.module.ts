import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { DutiesModule } from '../duties/duties.module';
import { LeaderClientModule } from '../leader-client/leader-client.module';
import { PartiesModule } from '../parties/parties.module';
import { MembershipModule } from '../parties/membership/membership.module';
import { AdminBansController } from './admin-bans.controller';
import { AdminPartiesController } from './admin-parties.controller';
import { AdminRelaysController } from './admin-relays.controller';
import { AdminStore } from './admin.store';
import { Administration } from './administration';
import { Rulings } from './rulings';

@Module({
  // The duties begin first: the rulings go to the leader when this module starts.
  imports: [AuthModule, DutiesModule, LeaderClientModule, MembershipModule, PartiesModule],
  controllers: [AdminPartiesController, AdminBansController, AdminRelaysController],
  providers: [Administration, AdminStore, Rulings],
})
export class AdminModule {}
