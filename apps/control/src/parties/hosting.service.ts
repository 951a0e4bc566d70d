import { Inject, Injectable } from '@nestjs/common';
import type { BanList, ChangePartyRequest } from '#shared/api/hosting';
import type { EndReason } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import { CONFIG, type Config } from '../config';
import { RequestLimits } from '../operations/request-limits';
import type { Departure } from '../live/contract';
import { Leader } from '../live/leader';
import { Hosting } from './hosting';
import type { PartyRecord } from './party';
import type { Client } from './password-gate';
import { hashPassword } from './passwords';
import { termsOf } from './snapshot';

/** What hosts and owners do, as agents deal with it: the change, and the news for those whom it concerns. */
@Injectable()
export class HostingService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly hosting: Hosting,
    private readonly leader: Leader,
    private readonly limits: RequestLimits,
  ) {}

  /** @param client where the request came from, for the limits of passwords */
  async change(
    callerId: PeerId,
    partyId: PartyId,
    { password, maxPeers, ...request }: ChangePartyRequest,
    client: Client,
  ): Promise<AgentEvents['party.changed']> {
    // Hashing one takes as long as checking one.
    if (password) await this.limits.count('passwords', client);
    const change = {
      ...request,
      maxPeers: maxPeers && Math.min(maxPeers, this.config.maxPeers),
      passwordHash: password ? await hashPassword(password) : password,
    };
    const { persistentPartiesPerOwner } = this.config;
    const { party, changed } = await this.hosting.change(
      partyId,
      callerId,
      change,
      persistentPartiesPerOwner,
    );
    if (changed) await this.tellOfChange(party);
    return termsOf(party);
  }

  async kick(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const { before, after } = await this.hosting.kick(partyId, callerId, targetId);
    await this.remove(before, after, targetId, 'kicked');
    return { ...changeOf(after), peerId: targetId, reason: 'kicked', hostId: after.hostId };
  }

  async ban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const { before, after } = await this.hosting.ban(partyId, callerId, targetId);
    if (after.members.length < before.members.length) await this.remove(before, after, targetId, 'banned');
    else if (after !== before) await this.tellOfChange(after);
    return { ...changeOf(after), peerId: targetId, reason: 'banned', hostId: after.hostId };
  }

  async unban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<void> {
    await this.tellOfChange(await this.hosting.unban(partyId, callerId, targetId));
  }

  async bans(callerId: PeerId, partyId: PartyId): Promise<BanList> {
    const bans = await this.hosting.bans(partyId, callerId);
    return { bans: bans.map(({ bannedAt, ...ban }) => ({ ...ban, bannedAt: bannedAt.toISOString() })) };
  }

  async close(callerId: PeerId, partyId: PartyId): Promise<void> {
    await this.dissolve(await this.hosting.close(partyId, callerId), 'closed');
  }

  /** For whoever runs the server. @throws LanrageError PARTY_NOT_FOUND */
  async closeByOperator(partyId: PartyId): Promise<void> {
    await this.dissolve(await this.hosting.end(partyId), 'closed_by_operator');
  }

  private dissolve(before: PartyRecord, ended: EndReason): Promise<void> {
    const departures = before.members.map(({ peerId }): Departure => {
      return { before, after: null, peerId, reason: 'left', ended };
    });
    return this.leader.inform('party.departed', departures);
  }

  private remove(
    before: PartyRecord,
    after: PartyRecord,
    peerId: PeerId,
    reason: 'kicked' | 'banned',
  ): Promise<void> {
    return this.leader.inform('party.departed', [{ before, after, peerId, reason, ended: reason }]);
  }

  private tellOfChange(party: PartyRecord): Promise<void> {
    const peerIds = party.members.map(({ peerId }) => peerId);
    const news = { partyId: party.id, peerIds, event: 'party.changed', payload: termsOf(party) } as const;
    return this.leader.inform('party.news', news);
  }
}

function changeOf({ id, revision }: PartyRecord): { partyId: PartyId; revision: number } {
  return { partyId: id, revision };
}
