import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Leader } from '../../leader-client/leader';
import { newsOfTerms } from '../../model/news';
import type { PartyRecord } from '../../model/party';
import { keptNumber } from '../membership/kept-numbers';
import { Membership, next } from '../membership/membership';
import type { PartyStore } from '../membership/party.store';
import { hostInCharge } from './hosting.rules';
import { HostingStore } from './hosting.store';

/** A party whose host is gone has another one as soon as somebody needs it. */
@Injectable()
export class Succession {
  constructor(
    private readonly membership: Membership,
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
      if ((await this.succeed(partyId, callerId)) !== callerId) throw error;
      return work();
    }
  }

  /** Takes a step that only the host may take, see {@link Membership.change}. @throws LanrageError PARTY_NOT_FOUND, or its own */
  changeAsHost<Result>(
    partyId: PartyId,
    callerId: PeerId,
    step: (party: PartyRecord, store: PartyStore) => Promise<Result | undefined>,
  ): Promise<Result> {
    return this.asHost(partyId, callerId, () => this.membership.changeExisting(partyId, step));
  }

  /** Puts another member in the place of a host that is gone. @returns who is host then @throws LanrageError PARTY_NOT_FOUND */
  private async succeed(partyId: PartyId, callerId: PeerId): Promise<PeerId> {
    const { before, after } = await this.membership.changeExisting(partyId, async (party, { sql }) => {
      const attendanceOf = await this.leader.attendance(party.members.map(({ peerId }) => peerId));
      const hostId = hostInCharge(party, callerId, attendanceOf);
      if (hostId === party.hostId) return { before: party, after: party };
      const terms = { ...party, hostId };
      const kept = await keptNumber(sql, partyId);
      const isWritten = await new HostingStore(sql).changeTerms(party, terms, kept, undefined);
      return isWritten ? { before: party, after: next(terms) } : undefined;
    });
    if (after !== before) await this.leader.inform.parties.news(newsOfTerms(after));
    return after.hostId;
  }
}
