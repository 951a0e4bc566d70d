import { Inject, Injectable } from '@nestjs/common';
import type { GoodbyeRequest, LeaveReason, PartySnapshot } from '#shared/api/party';
import type { CreatePartyRequest, JoinPartyRequest } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { preferredSlot } from '#shared/party/virtual-ip';
import type { Identity } from '../../model/identity';
import { CONFIG, type Config } from '../../config';
import type { Entry } from '../../leader-client/contract';
import { Leader } from '../../leader-client/leader';
import { RequestLimits } from '../../operations/request-limits';
import { LeaveTickets } from './leave-tickets';
import { Membership, type LeaveOutcome } from '../membership/membership';
import { Origins } from '../origins/origins';
import { assertSize } from '../membership/party-size';
import { PasswordGate, type Client } from '../passwords/password-gate';
import { PartyStore } from '../membership/party.store';
import { NewsBudget } from '../membership/news-budget';
import { PasswordTurns, settingOf } from '../passwords/password-turns';
import { hashPassword } from '../passwords/passwords';
import type { MemberRecord, PartyRecord } from '../../model/party';
import { snapshotFor } from '../../model/snapshot';
import { PartyLookup } from '../membership/party-lookup';
import { SnapshotTurns } from './snapshot-turns';

const offline = {
  online: false,
  natType: 'unknown',
  endpoint: null,
  direct: true,
  udp: 'unknown',
} as const;

/** What a peer gets that joins, as it is on the wire. */
type EntryAnswer = PartySnapshot & { readonly leaveTicket: string };

/** Parties as agents deal with them: a change of membership, which the leader then makes live. */
@Injectable()
export class JoiningService {
  private readonly snapshots = new SnapshotTurns<PartyRecord, PartySnapshot>(
    (peerIds) => this.store.findByMembers(peerIds),
    (party, viewer) => this.leader.parties.snapshot({ party, viewer }),
  );

  private readonly parties = new PartyLookup((peerIds) => this.store.findByMembers(peerIds));

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly membership: Membership,
    private readonly store: PartyStore,
    private readonly leader: Leader,
    private readonly gate: PasswordGate,
    private readonly turns: PasswordTurns,
    private readonly news: NewsBudget,
    private readonly origins: Origins,
    private readonly limits: RequestLimits,
    private readonly tickets: LeaveTickets,
  ) {}

  /** @param client where the request came from, for the limits of parties */
  async create(caller: Identity, request: CreatePartyRequest, client: Client): Promise<EntryAnswer> {
    const { name, peerName, password, presence, locked, persistent, sealed, discordUrl, network } = request;
    const { defaultPeers, maxPeers: mostPeers, persistentPartiesPerOwner } = this.config;
    const maxPeers = request.maxPeers ?? defaultPeers;
    assertSize(maxPeers, mostPeers);
    const hasPassword = password !== undefined;
    const origin = this.origins.of(this.limits.addressOf(client));
    // Before a password is hashed, which is dear.
    if (hasPassword) {
      await this.origins.assertRoom(origin, { isNew: true, isPublic: request.public });
      await this.membership.assertMayCreate(caller.peerId, persistent, persistentPartiesPerOwner);
    }
    const passwordHash = hasPassword
      ? await this.turns.run(settingOf(caller.peerId), () => hashPassword(password))
      : null;
    const settings = { locked, public: request.public, persistent, sealed, hasPassword, discordUrl };
    const creator = { ...caller, name: peerName, voucher: request.voucher ?? null };
    const secrets = { passwordHash, origin };
    const party = await this.origins.make(origin, request.public, () =>
      this.membership.create(
        { name, maxPeers, settings, network },
        creator,
        secrets,
        persistentPartiesPerOwner,
      ),
    );
    const [member] = party.members;
    if (!member) throw new Error('a new party has its creator');
    return this.enter({ party, member, isNews: false, presence });
  }

  /** @param client where the request came from, for the limits of wrong passwords */
  async join(
    caller: Identity,
    partyId: PartyId,
    request: JoinPartyRequest,
    client: Client,
  ): Promise<EntryAnswer> {
    const { peerId } = caller;
    const { peerName: name, voucher = null, invite } = request;
    const newcomer = { ...caller, name, voucher };
    const mayRename = (members: number) => this.news.spendOnName(partyId, peerId, members);
    const entry = { preferredSlot: preferredSlot(peerId), resumes: request.resume, invite, mayRename };
    const prove = this.gate.check(partyId, request.password, client);
    const enter = () => this.membership.join(partyId, newcomer, entry, prove);
    const outcome = await (invite ? this.gate.countWrongInvites(client, enter) : enter());
    const { party, member, change } = outcome;
    const isNews = change !== 'none';
    return this.enter({ party, member, isNews, presence: request.presence });
  }

  /** Does nothing when the peer is not in that party. */
  async leave(peerId: PeerId, partyId: PartyId, reason: LeaveReason): Promise<void> {
    await this.tellOfDeparture(
      await this.membership.leave(partyId, peerId, reason, this.leader.attendance),
      peerId,
      reason,
    );
  }

  /**
   * Lets a member go whose goodbye another member heard; does nothing when it is not in that party any more.
   * @throws LanrageError PARTY_NOT_FOUND for a caller that is no member, WRONG_LEAVE_TICKET
   */
  async passOn(callerId: PeerId, partyId: PartyId, { peerId, leaveTicket }: GoodbyeRequest): Promise<void> {
    if ((await this.store.findByMember(callerId))?.id !== partyId) throw new LanrageError('PARTY_NOT_FOUND');
    const isMeant = (stay: MemberRecord) => this.tickets.isOf(partyId, stay, leaveTicket);
    await this.tellOfDeparture(
      await this.membership.leave(partyId, peerId, 'left', this.leader.attendance, isMeant),
      peerId,
      'left',
    );
  }

  /** @throws LanrageError PARTY_NOT_FOUND, for all but members */
  async get(peerId: PeerId, partyId: PartyId): Promise<PartySnapshot> {
    const party = await this.current(peerId, partyId);
    if (party?.id !== partyId) throw new LanrageError('PARTY_NOT_FOUND');
    return party;
  }

  /**
   * @param taken the party that the peer is taken to be in, whose members are answered in turn; null: not known
   * @returns the party that the peer is in, as it sees it; null when in none
   */
  async current(peerId: PeerId, taken: PartyId | null): Promise<PartySnapshot | null> {
    const line = taken ?? (await this.parties.of(peerId))?.id;
    return line === undefined ? null : this.snapshots.of(peerId, line);
  }

  private async tellOfDeparture(
    outcome: LeaveOutcome | null,
    peerId: PeerId,
    reason: LeaveReason,
  ): Promise<void> {
    if (outcome) await this.leader.inform.parties.departed([{ ...outcome, peerId, reason }]);
  }

  private async enter(entry: Entry): Promise<EntryAnswer> {
    const { party, member } = entry;
    const leaveTicket = this.tickets.of(party.id, member).toString('base64');
    return { ...(await this.snapshotOf(entry)), leaveTicket };
  }

  /** The peer is a member already. While no leader can be reached, it gets the party with nobody online: more comes later. */
  private async snapshotOf(entry: Entry): Promise<PartySnapshot> {
    try {
      return await this.leader.parties.entered(entry);
    } catch (error) {
      if (!(error instanceof LanrageError) || error.code !== 'CONTROL_UNAVAILABLE') throw error;
      const { party, member } = entry;
      return snapshotFor(
        member.peerId,
        party,
        () => offline,
        () => null,
        () => null,
      );
    }
  }
}
