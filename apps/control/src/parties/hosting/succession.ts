import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Leader } from '../../leader-client/leader';
import { Hosting } from './hosting';
import { newsOfTerms } from '../../model/news';

/** A party whose host is gone has another one as soon as somebody needs it. */
@Injectable()
export class Succession {
  constructor(
    private readonly hosting: Hosting,
    private readonly leader: Leader,
  ) {}

  /**
   * Does what only the host may do, once more if the caller becomes host for it.
   * @param work rejects with NOT_HOST, before it changes anything, for a caller that is not @throws LanrageError its own
   */
  async asHost<Result>(partyId: PartyId, callerId: PeerId, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LanrageError) || error.code !== 'NOT_HOST') throw error;
      const { party, changed } = await this.hosting.succeed(partyId, callerId, this.leader.attendance);
      if (changed) await this.leader.inform.parties.news(newsOfTerms(party));
      if (party.hostId !== callerId) throw error;
      return work();
    }
  }
}
