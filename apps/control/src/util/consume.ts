import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';

/** @throws LanrageError RATE_LIMITED */
export async function consume(limiter: RateLimiterAbstract, key: string, points: number): Promise<void> {
  try {
    await limiter.consume(key, points);
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection;
    throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(rejection.msBeforeNext / 1000) });
  }
}
