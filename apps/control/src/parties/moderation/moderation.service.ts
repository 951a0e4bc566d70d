import { Injectable } from '@nestjs/common';
import type { BanList } from '#shared/api/hosting';
import type { AgentEvents } from '#shared/api/signaling';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Leader } from '../../leader-client/leader';
import { newsOfTerms } from '../../model/news';
import type { PartyRecord } from '../../model/party';
import { shownName } from '../../model/shown';
import { refusalOfHosting } from '../hosting/hosting.rules';
import { Succession } from '../hosting/succession';
import { next, without } from '../membership/membership';
import { NewsBudget } from '../membership/news-budget';
import { PartyStore } from '../membership/party.store';
import { decideBan, decideRemoval, decideUnban, hasTimedOut } from './moderation.rules';
import { ModerationStore } from './moderation.store';

/**
 * How hosts keep a party pleasant: decided by the rules, written in turn with the changes of membership, and told to the leader. That
 * has the relays close the pairs of the player who was removed, and tells the members, whose agents close theirs.
 */
@Injectable()
export class ModerationService {
  constructor(
    private readonly parties: PartyStore,
    private readonly succession: Succession,
    private readonly news: NewsBudget,
    private readonly leader: Leader,
  ) {}

  /**
   * Removes a member, or one that timed out and may be back at any time.
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, NO_SUCH_PEER, CANNOT_REMOVE_YOURSELF, RATE_LIMITED
   */
  async kick(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const before = await this.succession.changeAsHost(partyId, callerId, async (party, store) => {
      const decision = decideRemoval(party, callerId, targetId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      await this.news.spend(callerId, party.members.length);
      const isRemoved = hasTimedOut(party, targetId)
        ? await store.evict(party, targetId, 'kicked')
        : await store.remove(party, targetId, 'kicked', { hostId: party.hostId, empties: false });
      return isRemoved ? party : undefined;
    });
    const after = without(before, targetId);
    await this.tellOfRemoval(before, after, targetId, 'kicked');
    return leftBy(after, targetId, 'kicked');
  }

  /**
   * Bans a key, in the party or not; one that is banned stays so.
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, CANNOT_REMOVE_YOURSELF, TOO_MANY_BANS, RATE_LIMITED
   */
  async ban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const { before, after } = await this.succession.changeAsHost(
      partyId,
      callerId,
      async (party, { sql }) => {
        const store = new ModerationStore(sql);
        const decision = decideBan(party, await store.findBan(partyId, targetId), callerId, targetId);
        if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
        if (decision.verdict === 'none') return { before: party, after: party };
        await this.news.spend(callerId, party.members.length);
        const target = party.members.find(({ peerId }) => peerId === targetId);
        const isWritten = await store.ban(party, targetId, target?.name ?? null);
        return isWritten ? { before: party, after: without(party, targetId) } : undefined;
      },
    );
    const wasThere = after.members.length < before.members.length || hasTimedOut(before, targetId);
    if (after !== before && wasThere) await this.tellOfRemoval(before, after, targetId, 'banned');
    else if (after !== before) await this.leader.inform.parties.news(newsOfTerms(after));
    return leftBy(after, targetId, 'banned');
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NO_SUCH_PEER for a key that is not banned, RATE_LIMITED */
  async unban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<void> {
    const after = await this.succession.changeAsHost(partyId, callerId, async (party, { sql }) => {
      const store = new ModerationStore(sql);
      const decision = decideUnban(party, await store.findBan(partyId, targetId), callerId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      await this.news.spend(callerId, party.members.length);
      return (await store.unban(party, targetId)) ? next(party) : undefined;
    });
    await this.leader.inform.parties.news(newsOfTerms(after));
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_HOST */
  async bans(callerId: PeerId, partyId: PartyId): Promise<BanList> {
    const bans = await this.succession.asHost(partyId, callerId, async () => {
      const party = await this.parties.findById(partyId);
      const code = party ? refusalOfHosting(party, callerId) : 'PARTY_NOT_FOUND';
      if (code) throw new LanrageError(code);
      return new ModerationStore(this.parties.sql).bansOf(partyId);
    });
    return {
      bans: bans.map(({ peerId, name, bannedAt }) => ({
        peerId,
        name: name && shownName(name, peerId),
        bannedAt: bannedAt.toISOString(),
      })),
    };
  }

  private tellOfRemoval(
    before: PartyRecord,
    after: PartyRecord,
    peerId: PeerId,
    reason: 'kicked' | 'banned',
  ): Promise<void> {
    return this.leader.inform.parties.departed([{ before, after, peerId, reason, ended: reason }]);
  }
}

function leftBy(
  { id: partyId, revision, hostId }: PartyRecord,
  peerId: PeerId,
  reason: 'kicked' | 'banned',
): AgentEvents['member.left'] {
  return { partyId, revision, peerId, reason, hostId };
}
