import { Inject, Injectable } from '@nestjs/common';
import type { IRateLimiterOptions, RateLimiterAbstract } from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import type { Cluster } from '../../cluster/cluster';
import { CLUSTER } from '../../cluster/cluster.module';
import { networkKey } from '../../util/client-address';
import { take } from '../../util/consume';

/** The tries of everybody together. */
const SHARED: IRateLimiterOptions = { points: 30, duration: 600 };
/** When those are used up: the tries of each network (IPv4 /24, IPv6 /48) … */
const OF_NETWORK: IRateLimiterOptions = { points: 3, duration: 3600 };
/** … and for all of these together. */
const RESERVE: IRateLimiterOptions = { points: 600, duration: 3600 };

/**
 * Wrong tries at the password of one party, from wherever they come. Guessers with many addresses use up what all share;
 * an honest player elsewhere still has the tries of a network of its own. Together that is 780 wrong tries an hour at
 * most, and only somebody in hundreds of networks can keep newcomers out. Both are counted before a try is
 * checked, so that tries at the same instant count, too.
 */
@Injectable()
export class PasswordTries {
  private readonly shared: RateLimiterAbstract;
  private readonly ofNetwork: RateLimiterAbstract;
  private readonly reserve: RateLimiterAbstract;

  constructor(@Inject(CLUSTER) cluster: Cluster) {
    this.shared = cluster.limiter('tries', SHARED);
    this.ofNetwork = cluster.limiter('tries.network', OF_NETWORK);
    this.reserve = cluster.limiter('tries.reserve', RESERVE);
  }

  /**
   * @param address of the client
   * @returns takes the count back, for a try that was right
   * @throws LanrageError RATE_LIMITED
   */
  async count(partyId: PartyId, address: string): Promise<() => Promise<void>> {
    const used = await take(this.shared, partyId);
    if (used === null) return () => giveBack(this.shared, partyId);
    const network = `${partyId} ${networkKey(address)}`;
    const waitMs = (await take(this.ofNetwork, network)) ?? (await take(this.reserve, partyId));
    if (waitMs !== null)
      throw new LanrageError('RATE_LIMITED', {
        message: 'Too many wrong passwords for this party lately. Wait a while, or ask the host for help.',
        retryAfterSeconds: Math.ceil(Math.min(used, waitMs) / 1000),
      });
    return async () => {
      await Promise.all([giveBack(this.ofNetwork, network), giveBack(this.reserve, partyId)]);
    };
  }
}

async function giveBack(limiter: RateLimiterAbstract, key: string): Promise<void> {
  await limiter.reward(key);
}
