import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LeaderClientModule } from '../leader-client/leader-client.module';
import { ErrorFilter } from './error.filter';
import { HealthController } from './health.controller';
import { Metrics, MetricsController } from './metrics';
import { RequestLimits } from './request-limits';

@Global()
@Module({
  imports: [LeaderClientModule],
  controllers: [HealthController, MetricsController],
  providers: [Metrics, RequestLimits, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [Metrics, RequestLimits],
})
export class OperationsModule {}
