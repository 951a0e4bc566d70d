import { Module } from '@nestjs/common';
import { Database } from '../../database/database';
import { Membership } from './membership';
import { PartyStore } from './party.store';

@Module({
  providers: [
    { provide: PartyStore, useFactory: ({ sql }: Database) => new PartyStore(sql), inject: [Database] },
    Membership,
  ],
  exports: [Membership, PartyStore],
})
export class MembershipModule {}
