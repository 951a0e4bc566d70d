import { Inject, Injectable } from '@nestjs/common';
import type { BanList, ChangePartyRequest, OwnedParties } from '#shared/api/hosting';
import type { EndReason } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import { CONFIG, type Config } from '../../config';
import { RequestLimits } from '../../operations/request-limits';
import type { Departure } from '../../leader-client/contract';
import { Leader } from '../../leader-client/leader';
import { Hosting } from './hosting';
import { hasTimedOut, type TermsChange } from './hosting.rules';
import { Origins } from '../origins/origins';
import type { PartyRecord } from '../../model/party';
import type { Client } from '../passwords/password-gate';
import { PasswordTurns, settingOf } from '../passwords/password-turns';
import { hashPassword } from '../passwords/passwords';
import { shownName } from '../../model/shown';
import { newsOfTerms, termsOf } from '../../model/news';
import { Succession } from './succession';

/** Stands for a password of which only matters that it is another one. */
const NOT_HASHED_YET = '';

/** What hosts and owners do, as agents deal with it: the change, and the news for those whom it concerns. */
@Injectable()
export class HostingService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly hosting: Hosting,
    private readonly succession: Succession,
    private readonly leader: Leader,
    private readonly limits: RequestLimits,
    private readonly turns: PasswordTurns,
    private readonly origins: Origins,
  ) {}

  /** @param client where the request came from, for the limits of passwords */
  change(
    callerId: PeerId,
    partyId: PartyId,
    request: ChangePartyRequest,
    client: Client,
  ): Promise<AgentEvents['party.changed']> {
    return this.succession.asHost(partyId, callerId, () =>
      this.changeNow(callerId, partyId, request, client),
    );
  }

  async kick(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const { before, after } = await this.succession.asHost(partyId, callerId, () =>
      this.hosting.kick(partyId, callerId, targetId),
    );
    await this.remove(before, after, targetId, 'kicked');
    return { ...changeOf(after), peerId: targetId, reason: 'kicked', hostId: after.hostId };
  }

  async ban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<AgentEvents['member.left']> {
    const { before, after } = await this.succession.asHost(partyId, callerId, () =>
      this.hosting.ban(partyId, callerId, targetId),
    );
    const wasThere = after.members.length < before.members.length || hasTimedOut(before, targetId);
    if (after !== before && wasThere) await this.remove(before, after, targetId, 'banned');
    else if (after !== before) await this.tellOfChange(after);
    return { ...changeOf(after), peerId: targetId, reason: 'banned', hostId: after.hostId };
  }

  async unban(callerId: PeerId, partyId: PartyId, targetId: PeerId): Promise<void> {
    const unban = () => this.hosting.unban(partyId, callerId, targetId);
    await this.tellOfChange(await this.succession.asHost(partyId, callerId, unban));
  }

  async bans(callerId: PeerId, partyId: PartyId): Promise<BanList> {
    const bans = await this.succession.asHost(partyId, callerId, () => this.hosting.bans(partyId, callerId));
    return {
      bans: bans.map(({ peerId, name, bannedAt }) => ({
        peerId,
        name: name && shownName(name, peerId),
        bannedAt: bannedAt.toISOString(),
      })),
    };
  }

  /** The caller's persistent parties, from outside as well. */
  async owned(callerId: PeerId): Promise<OwnedParties> {
    const owned = await this.hosting.owned(callerId);
    const parties = owned.map(({ id, name, createdAt, emptySince, ...counts }) => ({
      ...counts,
      id,
      name: shownName(name, id),
      createdAt: createdAt.toISOString(),
      emptySince: emptySince?.toISOString() ?? null,
    }));
    return { parties, most: this.config.persistentPartiesPerOwner };
  }

  async close(callerId: PeerId, partyId: PartyId): Promise<void> {
    await this.dissolve(await this.hosting.close(partyId, callerId), 'closed');
  }

  /** For the operator. @throws LanrageError PARTY_NOT_FOUND */
  async closeByOperator(partyId: PartyId): Promise<void> {
    await this.dissolve(await this.hosting.end(partyId), 'closed_by_operator');
  }

  private async changeNow(
    callerId: PeerId,
    partyId: PartyId,
    { password, maxPeers, ...request }: ChangePartyRequest,
    client: Client,
  ): Promise<AgentEvents['party.changed']> {
    const change = { ...request, maxPeers: maxPeers && Math.min(maxPeers, this.config.maxPeers) };
    const passwordHash = password && (await this.hash(callerId, partyId, change, password, client));
    const { persistentPartiesPerOwner } = this.config;
    const apply = () =>
      this.hosting.change(
        partyId,
        callerId,
        { ...change, passwordHash: passwordHash ?? password },
        persistentPartiesPerOwner,
      );
    const { party, changed } = await (request.public
      ? this.publish(partyId, callerId, change, apply)
      : apply());
    if (changed) await this.tellOfChange(party);
    return termsOf(party);
  }

  /** Hashing a password takes as long as checking one: only who may set it has it done, as often as they may guess. */
  private async hash(
    callerId: PeerId,
    partyId: PartyId,
    change: TermsChange,
    password: string,
    client: Client,
  ): Promise<string> {
    await this.hosting.assertMayChange(partyId, callerId, { ...change, passwordHash: NOT_HASHED_YET });
    await this.limits.count('passwords', client);
    return this.turns.run(settingOf(callerId), () => hashPassword(password));
  }

  /** Who may not change the party hears of that alone. */
  private async publish<Result>(
    partyId: PartyId,
    callerId: PeerId,
    change: TermsChange,
    apply: () => Promise<Result>,
  ): Promise<Result> {
    await this.hosting.assertMayChange(partyId, callerId, change);
    return this.origins.list(partyId, apply);
  }

  private dissolve(before: PartyRecord, ended: EndReason): Promise<void> {
    const departures = before.members.map(({ peerId }): Departure => {
      return { before, after: null, peerId, reason: 'left', ended };
    });
    return this.leader.inform.parties.departed(departures);
  }

  private remove(
    before: PartyRecord,
    after: PartyRecord,
    peerId: PeerId,
    reason: 'kicked' | 'banned',
  ): Promise<void> {
    return this.leader.inform.parties.departed([{ before, after, peerId, reason, ended: reason }]);
  }

  private tellOfChange(party: PartyRecord): Promise<void> {
    return this.leader.inform.parties.news(newsOfTerms(party));
  }
}

function changeOf({ id, revision }: PartyRecord): { partyId: PartyId; revision: number } {
  return { partyId: id, revision };
}
