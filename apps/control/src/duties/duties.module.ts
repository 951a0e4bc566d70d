import { Module } from '@nestjs/common';
import { LeaderClientModule } from '../leader-client/leader-client.module';
import { MembershipModule } from '../parties/membership/membership.module';
import { NodeDuties } from './duties';

@Module({ imports: [LeaderClientModule, MembershipModule], providers: [NodeDuties] })
export class DutiesModule {}
