import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { LiveModule } from '../live/live.module';
import { PartiesModule } from '../parties/parties.module';
import { MembershipModule } from '../parties/membership.module';
import { AdminBansController } from './admin-bans.controller';
import { AdminPartiesController } from './admin-parties.controller';
import { AdminRelaysController } from './admin-relays.controller';
import { AdminStore } from './admin.store';
import { Administration } from './administration';
import { Rulings } from './rulings';

@Module({
  imports: [AuthModule, LiveModule, MembershipModule, PartiesModule],
  controllers: [AdminPartiesController, AdminBansController, AdminRelaysController],
  providers: [Administration, AdminStore, Rulings],
})
export class AdminModule {}
