import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { IncomingMessage } from 'node:http';
import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { CONFIG, limitedActions, type Config, type LimitedAction } from '../config';
import { clientAddress, limitKey } from './client-address';

const SECONDS_PER_MINUTE = 60;
/** Of a minute's requests, so much may come within a second: whoever asks for all at once makes others wait. */
const BURST_SHARE = 1 / 6;
const LEAST_BURST = 100;
const LIMITED_ACTION = 'limited-action';

/** Counts this route against a limit of its own, besides the one for all requests. */
export const Limited = (action: LimitedAction) => SetMetadata(LIMITED_ACTION, action);

/** How much one client address may do in a minute. */
@Injectable()
export class RequestLimits {
  private readonly limiters: ReadonlyMap<LimitedAction, RateLimiterAbstract>;
  /** Of this node alone: it is its time that they take. Null: unlimited. */
  private readonly burst: RateLimiterAbstract | null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) cluster: Cluster,
  ) {
    const limited = limitedActions.filter((action) => config.limits[action] > 0);
    this.limiters = new Map(
      limited.map((action) => [
        action,
        cluster.limiter(action, { points: config.limits[action], duration: SECONDS_PER_MINUTE }),
      ]),
    );
    const { requests } = config.limits;
    const points = Math.max(LEAST_BURST, Math.ceil(requests * BURST_SHARE));
    this.burst = requests > 0 ? new RateLimiterMemory({ points, duration: 1 }) : null;
  }

  /** Where the request came from, whatever proxies of ours stand between. */
  addressOf(request: Pick<IncomingMessage, 'headers' | 'socket'>): string {
    return clientAddress(request, this.config.trustedProxies);
  }

  /** @throws LanrageError RATE_LIMITED */
  async count(action: LimitedAction, request: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<void> {
    const limiter = this.limiters.get(action);
    if (!limiter) return;
    const key = limitKey(this.addressOf(request));
    try {
      if (action === 'requests') await this.burst?.consume(key);
      await limiter.consume(key);
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(rejection.msBeforeNext / 1000) });
    }
  }

  /** @throws LanrageError RATE_LIMITED when one more would be too many; counts nothing */
  async refuseIfUsedUp(
    action: LimitedAction,
    request: Pick<IncomingMessage, 'headers' | 'socket'>,
  ): Promise<void> {
    const state = await this.limiters.get(action)?.get(limitKey(this.addressOf(request)));
    if (state && state.remainingPoints <= 0)
      throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(state.msBeforeNext / 1000) });
  }

  /** Takes a count back. */
  async giveBack(action: LimitedAction, request: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<void> {
    await this.limiters.get(action)?.reward(limitKey(this.addressOf(request)));
  }
}

@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly limits: RequestLimits,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const action = this.reflector.get<LimitedAction | undefined>(LIMITED_ACTION, context.getHandler());
    if (action) await this.limits.count(action, context.switchToHttp().getRequest<Request>());
    return true;
  }
}
