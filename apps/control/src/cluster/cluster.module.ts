import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { LoneNode } from './lone-node';
import { RedisNode } from './redis-node';

/** The token under which Nest injects the {@link Cluster}. */
export const CLUSTER = Symbol('cluster');

@Global()
@Module({
  providers: [
    {
      provide: CLUSTER,
      useFactory: ({ redisUrl }: Config) => (redisUrl === null ? new LoneNode() : RedisNode.open(redisUrl)),
      inject: [CONFIG],
    },
  ],
  exports: [CLUSTER],
})
export class ClusterModule {}
