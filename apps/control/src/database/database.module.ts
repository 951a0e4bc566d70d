import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { Database } from './database';

@Global()
@Module({
  providers: [{ provide: Database, useFactory: (config: Config) => Database.open(config), inject: [CONFIG] }],
  exports: [Database],
})
export class DatabaseModule {}
