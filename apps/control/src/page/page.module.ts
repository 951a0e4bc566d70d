import { Module } from '@nestjs/common';
import { LiveModule } from '../live/live.module';
import { PageController } from './page.controller';
import { Stats } from './stats';
import { StatsController } from './stats.controller';

/** What people see who open the server's address in a browser. */
@Module({ imports: [LiveModule], controllers: [PageController, StatsController], providers: [Stats] })
export class PageModule {}
