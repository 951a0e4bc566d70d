import { Module } from '@nestjs/common';
import { LeaderClientModule } from '../leader-client/leader-client.module';
import { PageController } from './page.controller';
import { Stats } from './stats';
import { StatsController } from './stats.controller';

/** What people see who open the server's address in a browser. */
@Module({ imports: [LeaderClientModule], controllers: [PageController, StatsController], providers: [Stats] })
export class PageModule {}
