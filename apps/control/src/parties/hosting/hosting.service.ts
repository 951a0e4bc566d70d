import { Inject, Injectable } from '@nestjs/common';
import type { ChangePartyRequest, OwnedParties } from '#shared/api/hosting';
import type { EndReason } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { CONFIG, type Config } from '../../config';
import { RequestLimits } from '../../operations/request-limits';
import type { Departure } from '../../leader-client/contract';
import { Leader } from '../../leader-client/leader';
import { freeNumber, keptNumber } from '../membership/kept-numbers';
import { Membership, next } from '../membership/membership';
import { NewsBudget } from '../membership/news-budget';
import { assertSize } from '../membership/party-size';
import { PartyStore } from '../membership/party.store';
import { decideChange, decideClose, type TermsChange } from './hosting.rules';
import { HostingStore } from './hosting.store';
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

/** The party after a change of its terms. */
interface ChangeOutcome {
  readonly party: PartyRecord;
  readonly changed: boolean;
}

/**
 * What hosts and owners decide about a party: decided by the rules, written in turn with the changes of membership, and told to those
 * whom it concerns.
 */
@Injectable()
export class HostingService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly membership: Membership,
    private readonly parties: PartyStore,
    private readonly succession: Succession,
    private readonly leader: Leader,
    private readonly news: NewsBudget,
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

  /** The caller's persistent parties, from outside as well. */
  async owned(callerId: PeerId): Promise<OwnedParties> {
    const owned = await new HostingStore(this.parties.sql).ownedBy(callerId);
    const parties = owned.map(({ id, name, createdAt, emptySince, ...counts }) => ({
      ...counts,
      id,
      name: shownName(name, id),
      createdAt: createdAt.toISOString(),
      emptySince: emptySince?.toISOString() ?? null,
    }));
    return { parties, most: this.config.persistentPartiesPerOwner };
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_OWNER */
  close(callerId: PeerId, partyId: PartyId): Promise<void> {
    return this.dissolve(partyId, 'closed', (party) => {
      const decision = decideClose(party, callerId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
    });
  }

  /** Whatever its owner thinks of it. @throws LanrageError PARTY_NOT_FOUND */
  closeByOperator(partyId: PartyId): Promise<void> {
    return this.dissolve(partyId, 'closed_by_operator', () => undefined);
  }

  private async changeNow(
    callerId: PeerId,
    partyId: PartyId,
    { password, ...change }: ChangePartyRequest,
    client: Client,
  ): Promise<AgentEvents['party.changed']> {
    assertSize(change.maxPeers, this.config.maxPeers);
    const passwordHash = password && (await this.hash(callerId, partyId, change, password, client));
    const apply = () =>
      this.changeTerms(partyId, callerId, { ...change, passwordHash: passwordHash ?? password });
    const { party, changed } = await (change.public
      ? this.publish(partyId, callerId, change, apply)
      : apply());
    if (changed) await this.leader.inform.parties.news(newsOfTerms(party));
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
    await this.assertMayChange(partyId, callerId, { ...change, passwordHash: NOT_HASHED_YET });
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
    await this.assertMayChange(partyId, callerId, change);
    return this.origins.list(partyId, apply);
  }

  /** What {@link change} would refuse now, but for the number of persistent parties. @throws LanrageError like it */
  private async assertMayChange(partyId: PartyId, callerId: PeerId, change: TermsChange): Promise<void> {
    const party = await this.parties.findById(partyId);
    const decision = party && decideChange(party, callerId, change);
    if (!decision) throw new LanrageError('PARTY_NOT_FOUND');
    if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, NO_SUCH_PEER, TOO_MANY_PARTIES, RATE_LIMITED */
  private changeTerms(partyId: PartyId, callerId: PeerId, change: TermsChange): Promise<ChangeOutcome> {
    return this.membership.changeExisting(partyId, async (party, { sql }) => {
      const decision = decideChange(party, callerId, change);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      if (decision.verdict === 'none') return { party, changed: false };
      await this.news.spend(callerId, party.members.length);
      const { terms } = decision;
      const isKeptAlready = party.settings.persistent && terms.ownerId === party.ownerId;
      let kept = null;
      if (terms.settings.persistent)
        kept = isKeptAlready
          ? await keptNumber(sql, partyId)
          : await freeNumber(sql, terms.ownerId, this.config.persistentPartiesPerOwner);
      const isWritten = await new HostingStore(sql).changeTerms(party, terms, kept, change.passwordHash);
      return isWritten ? { party: { ...next(party), ...terms }, changed: true } : undefined;
    });
  }

  private async dissolve(
    partyId: PartyId,
    ended: EndReason,
    assertMayClose: (party: PartyRecord) => void,
  ): Promise<void> {
    const before = await this.membership.changeExisting(partyId, async (party, store) => {
      assertMayClose(party);
      return (await store.close(party)) ? party : undefined;
    });
    const departures = before.members.map(({ peerId }): Departure => {
      return { before, after: null, peerId, reason: 'left', ended };
    });
    await this.leader.inform.parties.departed(departures);
  }
}
