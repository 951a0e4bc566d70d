import { Inject, Injectable, Logger } from '@nestjs/common';
import type { LeaveReason, PartySnapshot, Presence } from '#shared/api/party';
import type { CreatePartyRequest, JoinPartyRequest } from '#shared/api/rest';
import type { AgentEventName, AgentEvents } from '#shared/api/signaling';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { preferredSlot } from '#shared/party/virtual-ip';
import type { Identity } from '../auth/identity';
import { CONFIG, type Config } from '../config';
import { RelaySessions } from '../relays/sessions';
import { AgentSockets } from '../signaling/agent-sockets';
import { PresenceBook } from '../signaling/presence';
import { KeyedQueue } from './keyed-queue';
import { Membership, type JoinOutcome, type LeaveOutcome } from './membership';
import type { PartyRecord } from './party';
import { PasswordGate, type Client } from './password-gate';
import { hashPassword } from './passwords';
import { memberView, snapshotFor } from './snapshot';

/** Parties as agents deal with them: a change of membership, the relay sessions that it takes, and the news for the others. */
@Injectable()
export class PartiesService {
  private readonly logger = new Logger('parties');
  /** One party's news go out in the order of its revisions. */
  private readonly news = new KeyedQueue<PartyId>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly membership: Membership,
    private readonly presence: PresenceBook,
    private readonly sessions: RelaySessions,
    private readonly sockets: AgentSockets,
    private readonly gate: PasswordGate,
  ) {}

  async create(caller: Identity, request: CreatePartyRequest): Promise<PartySnapshot> {
    const { name, peerName, password, presence, locked, persistent, discordUrl } = request;
    const { defaultPeers, maxPeers: mostPeers, persistentPartiesPerOwner } = this.config;
    const maxPeers = Math.min(request.maxPeers ?? defaultPeers, mostPeers);
    const hasPassword = password !== undefined;
    const passwordHash = hasPassword ? await hashPassword(password) : null;
    const settings = { locked, public: request.public, persistent, hasPassword, discordUrl };
    const party = await this.membership.create(
      { name, maxPeers, settings },
      { ...caller, name: peerName },
      passwordHash,
      persistentPartiesPerOwner,
    );
    this.heardOf(caller.peerId, presence);
    return this.snapshot(party, caller.peerId);
  }

  /** @param client where the request came from, for the limits of wrong passwords */
  async join(
    caller: Identity,
    partyId: PartyId,
    request: JoinPartyRequest,
    client: Client,
  ): Promise<PartySnapshot> {
    const { peerId } = caller;
    const newcomer = { ...caller, name: request.peerName };
    const entry = { preferredSlot: preferredSlot(peerId), resumes: request.resume };
    const prove = this.gate.check(partyId, request.password, client);
    const outcome = await this.membership.join(partyId, newcomer, entry, prove);
    this.heardOf(peerId, request.presence);
    // No await before the news are queued: the next change of this party must not overtake this one.
    const opened = this.sessions.open(outcome.party, peerId);
    if (outcome.change !== 'none') {
      this.spread(partyId, async () => {
        await opened;
        this.tellOfMember(outcome);
      });
    }
    await opened;
    return this.snapshot(outcome.party, peerId);
  }

  /** Does nothing when the peer is not in that party. */
  async leave(peerId: PeerId, partyId: PartyId, reason: LeaveReason): Promise<void> {
    const outcome = await this.membership.leave(partyId, peerId, reason);
    if (outcome) this.departed(outcome, peerId, reason);
  }

  /** Lets go of all that a member had besides its place, and tells those who stay. */
  departed({ before, after }: LeaveOutcome, peerId: PeerId, reason: LeaveReason): void {
    const { id: partyId } = before;
    this.sessions.close(before, peerId);
    this.presence.forget(peerId);
    if (!after) return;
    const { revision, hostId } = after;
    this.spread(partyId, () => {
      this.tellOthers(after, peerId, 'member.left', { partyId, revision, peerId, reason, hostId });
    });
  }

  /** @throws LanrageError PARTY_NOT_FOUND, for all but members */
  async get(peerId: PeerId, partyId: PartyId): Promise<PartySnapshot> {
    const party = await this.membership.of(peerId);
    if (party?.id !== partyId) throw new LanrageError('PARTY_NOT_FOUND');
    return this.snapshot(party, peerId);
  }

  /** @returns the party that the peer is in, as it sees it; null when in none */
  async current(peerId: PeerId): Promise<PartySnapshot | null> {
    const party = await this.membership.of(peerId);
    return party && this.snapshot(party, peerId);
  }

  /**
   * Introduces a connection: `attach` gets the party as it is when the news that were queued so far have gone out, and
   * has to make sure that the following ones reach the connection. Then the others hear that the peer is here.
   */
  async welcome(peerId: PeerId, attach: (party: PartySnapshot | null) => void): Promise<void> {
    const party = await this.membership.of(peerId);
    if (!party) {
      attach(null);
      return;
    }
    this.sessions.expect(party, peerId);
    await this.news.run(party.id, async () => {
      const current = await this.membership.of(peerId);
      // Gone since, so that nobody else takes back what was just expected.
      if (current?.id !== party.id) this.sessions.close(party, peerId);
      attach(current && this.snapshot(current, peerId));
    });
    await this.tellPresence(peerId);
  }

  /** Lets the other members know where the peer is now. */
  async tellPresence(peerId: PeerId): Promise<void> {
    const party = await this.membership.of(peerId);
    if (!party) return;
    this.tellOthers(party, peerId, 'member.presence', {
      partyId: party.id,
      peerId,
      ...this.presence.view(peerId),
    });
  }

  /** Ends the membership of a peer that has not been heard of for too long. */
  async timeOut(peerId: PeerId): Promise<void> {
    const party = await this.membership.of(peerId);
    if (!party) {
      this.presence.forget(peerId);
      return;
    }
    await this.leave(peerId, party.id, 'timed_out');
    this.sockets.deliver(peerId, 'party.snapshot', { party: null });
  }

  /** After what was queued so far. */
  tellEverybody<Name extends AgentEventName>(
    party: PartyRecord,
    event: Name,
    payload: AgentEvents[Name],
  ): void {
    this.spread(party.id, () => {
      for (const { peerId } of party.members) this.sockets.deliver(peerId, event, payload);
    });
  }

  /** The same for whoever is a member when it is this event's turn. */
  tellMembers<Name extends AgentEventName>(partyId: PartyId, event: Name, payload: AgentEvents[Name]): void {
    this.spread(partyId, async () => {
      for (const peerId of await this.membership.idsOf(partyId)) this.sockets.deliver(peerId, event, payload);
    });
  }

  private spread(partyId: PartyId, news: () => void | Promise<void>): void {
    this.news.run(partyId, news).catch((error: unknown) => {
      this.logger.error({ err: error }, 'news of a party were lost');
    });
  }

  private heardOf(peerId: PeerId, presence: Presence | undefined): void {
    this.presence.expect(peerId, Date.now());
    if (presence) this.presence.declare(peerId, presence);
    if (presence?.relayRoundTripsMs) this.presence.measure(peerId, presence.relayRoundTripsMs, Date.now());
  }

  private tellOfMember({ party, member }: JoinOutcome): void {
    const view = memberView(member, this.presence.view(member.peerId));
    for (const { peerId } of party.members) {
      if (peerId === member.peerId) continue;
      this.sockets.deliver(peerId, 'member.joined', {
        partyId: party.id,
        revision: party.revision,
        member: view,
        relay: this.sessions.between(party.id, peerId, member.peerId),
        ...(member.peerId === party.hostId && { hostId: party.hostId }),
      });
    }
  }

  private tellOthers<Name extends AgentEventName>(
    party: PartyRecord,
    subject: PeerId,
    event: Name,
    payload: AgentEvents[Name],
  ): void {
    for (const { peerId } of party.members) {
      if (peerId !== subject) this.sockets.deliver(peerId, event, payload);
    }
  }

  private snapshot(party: PartyRecord, viewer: PeerId): PartySnapshot {
    return snapshotFor(
      viewer,
      party,
      (peerId) => this.presence.view(peerId),
      (peerId) => this.sessions.between(party.id, viewer, peerId),
    );
  }
}
