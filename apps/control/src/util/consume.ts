import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';

/** @returns null, or how many milliseconds it takes until there is something left */
export async function take(limiter: RateLimiterAbstract, key: string, points = 1): Promise<number | null> {
  try {
    await limiter.consume(key, points);
    return null;
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection;
    return rejection.msBeforeNext;
  }
}

/** @throws LanrageError RATE_LIMITED */
export async function consume(limiter: RateLimiterAbstract, key: string, points: number): Promise<void> {
  const waitMs = await take(limiter, key, points);
  if (waitMs !== null)
    throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
}
