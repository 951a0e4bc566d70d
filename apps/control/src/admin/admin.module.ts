import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { PartiesModule } from '../parties/parties.module';
import { RelaysModule } from '../relays/relays.module';
import { SignalingModule } from '../signaling/signaling.module';
import { AdminBansController } from './admin-bans.controller';
import { AdminPartiesController } from './admin-parties.controller';
import { AdminRelaysController } from './admin-relays.controller';
import { AdminStore } from './admin.store';
import { Administration } from './administration';
import { Rulings } from './rulings';

@Module({
  imports: [AuthModule, PartiesModule, RelaysModule, SignalingModule],
  controllers: [AdminPartiesController, AdminBansController, AdminRelaysController],
  providers: [Administration, AdminStore, Rulings],
})
export class AdminModule {}
