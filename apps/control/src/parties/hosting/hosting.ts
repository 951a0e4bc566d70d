import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Database } from '../../database/database';
import {
  decideBan,
  decideChange,
  decideClose,
  decideRemoval,
  decideUnban,
  hasTimedOut,
  hostInCharge,
  refusalOfHosting,
  type TermsChange,
} from './hosting.rules';
import { HostingStore, type BanRecord, type OwnedRecord } from './hosting.store';
import { NewsBudget } from '../membership/news-budget';
import { Membership, takeNumber, without, type AskAttendance, type LeaveOutcome } from '../membership/membership';
import type { PartyRecord } from '../../model/party';
import { PartyStore } from '../membership/party.store';

/** The party after a change of its terms. */
export interface ChangeOutcome {
  readonly party: PartyRecord;
  readonly changed: boolean;
}

/** What hosts and owners do: decided by the rules, written like the changes of membership, and in turn with them. */
@Injectable()
export class Hosting {
  constructor(
    private readonly database: Database,
    private readonly membership: Membership,
    private readonly news: NewsBudget,
  ) {}

  /** What {@link change} would refuse now, but for the number of persistent parties. @throws LanrageError like it */
  async assertMayChange(partyId: PartyId, callerId: PeerId, change: TermsChange): Promise<void> {
    const party = await new PartyStore(this.database.prisma).findById(partyId);
    const decision = party && decideChange(party, callerId, change);
    if (!decision) throw new LanrageError('PARTY_NOT_FOUND');
    if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
  }

  /**
   * @param mostKept how many persistent parties one owner may have
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, NO_SUCH_PEER, TOO_MANY_PARTIES, RATE_LIMITED
   */
  change(partyId: PartyId, callerId: PeerId, change: TermsChange, mostKept: number): Promise<ChangeOutcome> {
    return this.step(partyId, async (party, store) => {
      const decision = decideChange(party, callerId, change);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      if (decision.verdict === 'none') return { party, changed: false };
      await this.news.spend(callerId, party.members.length);
      const { terms } = decision;
      const isKeptAlready = party.settings.persistent && terms.ownerId === party.ownerId;
      let keptNumber = null;
      if (terms.settings.persistent)
        keptNumber = isKeptAlready
          ? await store.keptNumber(partyId)
          : await takeNumber(store, terms.ownerId, mostKept);
      if (!(await store.changeTerms(party, terms, keptNumber, change.passwordHash))) return undefined;
      return { party: { ...next(party), ...terms }, changed: true };
    });
  }

  /** Puts another member in the place of a host that is gone, when this one needs a host. @throws LanrageError PARTY_NOT_FOUND */
  succeed(partyId: PartyId, callerId: PeerId, ask: AskAttendance): Promise<ChangeOutcome> {
    return this.step(partyId, async (party, store) => {
      const attendanceOf = await ask(party.members.map(({ peerId }) => peerId));
      const hostId = hostInCharge(party, callerId, attendanceOf);
      if (hostId === party.hostId) return { party, changed: false };
      const terms = { ...party, hostId };
      if (!(await store.changeTerms(party, terms, await store.keptNumber(partyId), undefined)))
        return undefined;
      return { party: next(terms), changed: true };
    });
  }

  /**
   * Removes a member, or one that timed out and may be back at any time.
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, NO_SUCH_PEER, CANNOT_REMOVE_YOURSELF, RATE_LIMITED
   */
  kick(partyId: PartyId, callerId: PeerId, targetId: PeerId): Promise<LeaveOutcome & { after: PartyRecord }> {
    return this.step(partyId, async (before, _hosting, store) => {
      const decision = decideRemoval(before, callerId, targetId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      await this.news.spend(callerId, before.members.length);
      const rest = { hostId: before.hostId, empties: false };
      const isRemoved = hasTimedOut(before, targetId)
        ? await store.evict(before, targetId, 'kicked')
        : await store.remove(before, targetId, 'kicked', rest);
      if (!isRemoved) return undefined;
      return { before, after: without(before, targetId) };
    });
  }

  /**
   * Bans a key, in the party or not; one that is banned stays so.
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NOT_OWNER, CANNOT_REMOVE_YOURSELF, TOO_MANY_BANS, RATE_LIMITED
   */
  ban(partyId: PartyId, callerId: PeerId, targetId: PeerId): Promise<LeaveOutcome & { after: PartyRecord }> {
    return this.step(partyId, async (before, store) => {
      const decision = decideBan(before, await store.findBan(partyId, targetId), callerId, targetId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      if (decision.verdict === 'none') return { before, after: before };
      await this.news.spend(callerId, before.members.length);
      const target = before.members.find(({ peerId }) => peerId === targetId);
      if (!(await store.ban(before, targetId, target?.name ?? null))) return undefined;
      return { before, after: without(before, targetId) };
    });
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NO_SUCH_PEER for a key that is not banned, RATE_LIMITED */
  unban(partyId: PartyId, callerId: PeerId, targetId: PeerId): Promise<PartyRecord> {
    return this.step(partyId, async (party, store) => {
      const decision = decideUnban(party, await store.findBan(partyId, targetId), callerId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      await this.news.spend(callerId, party.members.length);
      return (await store.unban(party, targetId)) ? next(party) : undefined;
    });
  }

  /** @throws LanrageError PARTY_NOT_FOUND, NOT_HOST */
  async bans(partyId: PartyId, callerId: PeerId): Promise<BanRecord[]> {
    const { prisma } = this.database;
    const party = await new PartyStore(prisma).findById(partyId);
    const code = party ? refusalOfHosting(party, callerId) : 'PARTY_NOT_FOUND';
    if (code) throw new LanrageError(code);
    return new HostingStore(prisma).bansOf(partyId);
  }

  /** The owner's persistent parties, the newest first; it need not be in any. */
  owned(ownerId: PeerId): Promise<OwnedRecord[]> {
    return new HostingStore(this.database.prisma).ownedBy(ownerId);
  }

  /** @returns the party as it was @throws LanrageError PARTY_NOT_FOUND, NOT_OWNER */
  close(partyId: PartyId, callerId: PeerId): Promise<PartyRecord> {
    return this.step(partyId, async (party, _hosting, store) => {
      const decision = decideClose(party, callerId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      return (await store.close(party)) ? party : undefined;
    });
  }

  /** Whatever its owner thinks of it. @returns the party as it was @throws LanrageError PARTY_NOT_FOUND */
  end(partyId: PartyId): Promise<PartyRecord> {
    return this.step(partyId, async (party, _hosting, store) =>
      (await store.close(party)) ? party : undefined,
    );
  }

  /** @param decide answers undefined when the party had changed before it wrote */
  private step<Result>(
    partyId: PartyId,
    decide: (party: PartyRecord, hosting: HostingStore, store: PartyStore) => Promise<Result | undefined>,
  ): Promise<Result> {
    return this.membership.change(partyId, async (store) => {
      const party = await store.findById(partyId);
      if (!party) throw new LanrageError('PARTY_NOT_FOUND');
      return decide(party, new HostingStore(store.client), store);
    });
  }
}

function next(party: PartyRecord): PartyRecord {
  return { ...party, revision: party.revision + 1 };
}
