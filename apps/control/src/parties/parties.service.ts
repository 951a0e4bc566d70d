import { Inject, Injectable } from '@nestjs/common';
import type { LeaveReason, PartySnapshot } from '#shared/api/party';
import type { CreatePartyRequest, JoinPartyRequest } from '#shared/api/rest';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { preferredSlot } from '#shared/party/virtual-ip';
import type { Identity } from '../auth/identity';
import { CONFIG, type Config } from '../config';
import type { Entry } from '../live/contract';
import { Leader } from '../live/leader';
import { Membership } from './membership';
import { PasswordGate, type Client } from './password-gate';
import { hashPassword } from './passwords';
import { snapshotFor } from './snapshot';

const offline = { online: false, natType: 'unknown', endpoint: null, direct: true } as const;

/** Parties as agents deal with them: a change of membership, which the leader then makes live. */
@Injectable()
export class PartiesService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly membership: Membership,
    private readonly leader: Leader,
    private readonly gate: PasswordGate,
  ) {}

  async create(caller: Identity, request: CreatePartyRequest): Promise<PartySnapshot> {
    const { name, peerName, password, presence, locked, persistent, sealed, discordUrl } = request;
    const { defaultPeers, maxPeers: mostPeers, persistentPartiesPerOwner } = this.config;
    const maxPeers = Math.min(request.maxPeers ?? defaultPeers, mostPeers);
    const hasPassword = password !== undefined;
    const passwordHash = hasPassword ? await hashPassword(password) : null;
    const settings = { locked, public: request.public, persistent, sealed, hasPassword, discordUrl };
    const party = await this.membership.create(
      { name, maxPeers, settings },
      { ...caller, name: peerName, voucher: request.voucher ?? null },
      passwordHash,
      persistentPartiesPerOwner,
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
  ): Promise<PartySnapshot> {
    const { peerId } = caller;
    const { peerName: name, voucher = null, invite } = request;
    const newcomer = { ...caller, name, voucher };
    const entry = { preferredSlot: preferredSlot(peerId), resumes: request.resume, invite };
    const prove = this.gate.check(partyId, request.password, client);
    const enter = () => this.membership.join(partyId, newcomer, entry, prove);
    const outcome = await (invite ? this.gate.countWrongInvites(client, enter) : enter());
    const { party, member, change } = outcome;
    const isNews = change !== 'none';
    return this.enter({ party, member, isNews, presence: request.presence });
  }

  /** Does nothing when the peer is not in that party. */
  async leave(peerId: PeerId, partyId: PartyId, reason: LeaveReason): Promise<void> {
    const outcome = await this.membership.leave(partyId, peerId, reason);
    if (outcome) await this.leader.inform('party.departed', [{ ...outcome, peerId, reason }]);
  }

  /** @throws LanrageError PARTY_NOT_FOUND, for all but members */
  async get(peerId: PeerId, partyId: PartyId): Promise<PartySnapshot> {
    const party = await this.current(peerId);
    if (party?.id !== partyId) throw new LanrageError('PARTY_NOT_FOUND');
    return party;
  }

  /** @returns the party that the peer is in, as it sees it; null when in none */
  async current(peerId: PeerId): Promise<PartySnapshot | null> {
    const party = await this.membership.of(peerId);
    return party && this.leader.call('party.snapshot', { party, viewer: peerId });
  }

  /** The peer is a member already. While no leader can be reached, it gets the party with nobody online: more comes later. */
  private async enter(entry: Entry): Promise<PartySnapshot> {
    try {
      return await this.leader.call('party.entered', entry);
    } catch (error) {
      if (!(error instanceof LanrageError) || error.code !== 'CONTROL_UNAVAILABLE') throw error;
      const { party, member } = entry;
      return snapshotFor(
        member.peerId,
        party,
        () => offline,
        () => null,
      );
    }
  }
}
