import { Inject, Injectable } from '@nestjs/common';
import type { IRateLimiterOptions, RateLimiterAbstract } from 'rate-limiter-flexible';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { Cluster } from '../../cluster/cluster';
import { CLUSTER } from '../../cluster/cluster.module';
import { consume } from '../../util/consume';

/** What one peer may spend, in deliveries: 31 changes of a party of 256, or 400 of a party of 20. */
const OF_PEER: IRateLimiterOptions = { points: 8000, duration: 10 };
/** What all members of a party may spend together on other names. */
const RENAMES: IRateLimiterOptions = { points: 20_000, duration: 8 };
/** What a change costs besides the deliveries. */
const LEAST = 20;

/**
 * How often somebody may change what all members of a party hear of: a change costs as much as there are members. Each peer
 * has a budget of its own, so that nobody uses up the host's; names, which every member can change, share one as well.
 */
@Injectable()
export class NewsBudget {
  private readonly ofPeer: RateLimiterAbstract;
  private readonly renames: RateLimiterAbstract;

  constructor(@Inject(CLUSTER) cluster: Cluster) {
    this.ofPeer = cluster.limiter('news.peer', OF_PEER);
    this.renames = cluster.limiter('news.renames', RENAMES);
  }

  /** @throws LanrageError RATE_LIMITED */
  async spend(peerId: PeerId, members: number): Promise<void> {
    await consume(this.ofPeer, peerId, Math.max(LEAST, members));
  }

  /** @throws LanrageError RATE_LIMITED */
  async spendOnName(partyId: PartyId, peerId: PeerId, members: number): Promise<void> {
    await this.spend(peerId, members);
    await consume(this.renames, partyId, members);
  }
}
