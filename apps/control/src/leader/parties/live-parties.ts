import { Logger } from '@nestjs/common';
import type { PartySnapshot, Presence } from '#shared/api/party';
import type { AgentEventName, AgentEvents } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import { KeyedQueue } from '../../util/keyed-queue';
import type { AskAttendance, Membership } from '../../parties/membership/membership';
import type { PartyRecord } from '../../model/party';
import type { PartyStore } from '../../parties/membership/party.store';
import { memberView, snapshotFor } from '../../model/snapshot';
import type { RelaySessions } from '../relays/sessions';
import type { AgentSockets } from '../agents/agent-sockets';
import type { Connection, PresenceBook } from '../agents/presence';
import type { Departure, Entry, PartyCalls } from '../../leader-client/contract';
import type { News } from '../../model/news';
import { PartyLookup } from '../../parties/membership/party-lookup';
import { PresenceNews } from './presence-news';
import { Revisions } from './revisions';
import { Roster } from './roster';

/** What a change of a party means for presence and relay sessions, and who hears of it. */
export class LiveParties implements PartyCalls {
  private readonly logger = new Logger('parties');
  /** One party's news go out in the order of its revisions. */
  private readonly queue = new KeyedQueue<PartyId>();
  private readonly revisions = new Revisions();
  private readonly members: PartyLookup;
  private readonly roster = new Roster();
  private readonly presenceNews: PresenceNews;

  constructor(
    private readonly membership: Membership,
    private readonly store: PartyStore,
    private readonly presence: PresenceBook,
    private readonly sessions: RelaySessions,
    private readonly sockets: AgentSockets,
  ) {
    this.members = new PartyLookup((peerIds) => store.findByMembers(peerIds));
    this.presenceNews = new PresenceNews(this.roster, this.members, presence, sockets);
  }

  async entered({ party, member, isNews, presence }: Entry): Promise<PartySnapshot> {
    const { peerId } = member;
    this.heardOf(peerId, presence);
    // From another node: what it knows may be overtaken by what happened since. The peer asks again if it is a member.
    if (!this.isNewest(party)) return this.snapshot({ party, viewer: peerId });
    this.roster.learn(party, performance.now());
    // No await before the news are queued: the next change of this party must not overtake this one.
    const opened = this.sessions.open(party, peerId);
    if (isNews) {
      this.spread(party.id, async () => {
        await opened;
        this.tellOfMember({ party, member });
      });
    }
    await opened;
    return this.snapshot({ party, viewer: peerId });
  }

  departed(departures: readonly Departure[]): void {
    for (const departure of departures) this.depart(departure);
  }

  /** Lets go of all that a member had besides its place, and tells it and those who stay. */
  private depart({ before, after, peerId, reason, ended }: Departure): void {
    const { id: partyId } = before;
    if (after) {
      this.isNewest(after);
      this.roster.learn(after, performance.now());
    } else {
      this.revisions.end(partyId, performance.now());
      this.roster.end(partyId, performance.now());
    }
    this.sessions.close(before, peerId);
    this.presence.forget(peerId);
    if (ended) {
      // At once, past the news that are queued: the revision tells what it is about.
      const revision = after?.revision ?? before.revision + 1;
      this.sockets.deliver(peerId, 'party.ended', { partyId, revision, reason: ended });
    }
    if (!after) return;
    const { revision, hostId } = after;
    this.spread(partyId, () => {
      this.tellOthers(after, peerId, 'member.left', { partyId, revision, peerId, reason, hostId });
    });
  }

  /**
   * Introduces a connection: it gets the party as it is when the news that were queued so far have gone out, and the
   * following ones after that. Then the others hear that the peer is here.
   */
  async welcome(peerId: PeerId, connection: Connection): Promise<void> {
    const party = await this.members.of(peerId);
    if (!party) return this.attach(peerId, connection, null);
    const current = await this.queue.run(party.id, async () => {
      const askedAtMs = performance.now();
      const found = await this.members.of(peerId);
      if (found) this.roster.learn(found, askedAtMs);
      this.expect(found, peerId);
      // Gone since, so that nobody else takes back what was expected.
      if (found?.id !== party.id) this.sessions.close(party, peerId);
      this.attach(peerId, connection, found);
      return found;
    });
    if (current) this.presenceNews.tellIn(current.id, peerId);
  }

  /** Sends those of the party's members that are among these peers the party as it is now. */
  async refresh(partyId: PartyId, peerIds: ReadonlySet<PeerId>): Promise<void> {
    await this.queue.run(partyId, async () => {
      const askedAtMs = performance.now();
      const party = await this.store.findById(partyId);
      if (party) this.roster.learn(party, askedAtMs);
      for (const { peerId } of party?.members ?? []) {
        if (!party || !peerIds.has(peerId)) continue;
        this.expect(party, peerId);
        this.sockets.deliver(peerId, 'party.snapshot', { party: this.snapshot({ party, viewer: peerId }) });
      }
    });
  }

  /** Lets the other members know where the peer is now. */
  tellPresence(peerId: PeerId): Promise<void> {
    return this.presenceNews.tell(peerId);
  }

  /** A node is gone, and with it perhaps the word of what it wrote last. */
  doubtAll(): void {
    this.roster.forgetAll();
  }

  stop(): void {
    this.presenceNews.stop();
  }

  /** Ends the membership of a peer that has not been heard of for too long. */
  async timeOut(peerId: PeerId): Promise<void> {
    const party = await this.store.findByMember(peerId);
    if (this.presence.connectionOf(peerId)) return; // just in time
    const outcome = party && (await this.membership.leave(party.id, peerId, 'timed_out', this.attendance));
    if (!outcome) {
      this.roster.forgetPeer(peerId);
      return this.presence.forget(peerId);
    }
    this.depart({ ...outcome, peerId, reason: 'timed_out' });
    this.sockets.deliver(peerId, 'party.snapshot', { party: null });
  }

  news({ partyId, peerIds, event, payload }: News): void {
    if ('revision' in payload) this.roster.advance(partyId, payload.revision);
    this.spread(partyId, () => this.sockets.deliverToAll(peerIds, event, payload));
  }

  /** @returns null for a party that is not known */
  networkOf(partyId: PartyId): VirtualNetwork | null {
    return this.roster.networkOf(partyId);
  }

  snapshot({ party, viewer }: { party: PartyRecord; viewer: PeerId }): PartySnapshot {
    return snapshotFor(
      viewer,
      party,
      (peerId) => this.presence.view(peerId),
      (peerId) => this.sessions.between(party.id, viewer, peerId),
      (peerId) => this.sessions.refusalBetween(party.id, viewer, peerId),
    );
  }

  /** Notes the pairs of this member, and closes those with others who are members no more. */
  private expect(party: PartyRecord | null, peerId: PeerId): void {
    if (!party || !this.isNewest(party)) return;
    this.sessions.expect(party, peerId);
    const members = new Set(party.members.map((member) => member.peerId));
    this.sessions.closeOthers(party.id, peerId, members);
  }

  private readonly attendance: AskAttendance = () => (peerId) =>
    this.presence.attendance(peerId, performance.now());

  /** Whether nothing is known that came after this. */
  private isNewest({ id, revision }: PartyRecord): boolean {
    return this.revisions.note(id, revision);
  }

  private attach(peerId: PeerId, connection: Connection, party: PartyRecord | null): void {
    // A newer one has come, or it is gone.
    if (this.presence.connectionOf(peerId)?.socketId !== connection.socketId) return;
    this.sockets.attach(peerId, connection);
    this.sockets.deliver(peerId, 'party.snapshot', {
      party: party && this.snapshot({ party, viewer: peerId }),
    });
  }

  private spread(partyId: PartyId, news: () => void | Promise<void>): void {
    this.queue.run(partyId, news).catch((error: unknown) => {
      this.logger.error({ err: error }, 'news of a party lost');
    });
  }

  private heardOf(peerId: PeerId, presence: Presence | undefined): void {
    this.presence.expect(peerId, performance.now());
    if (presence) this.presence.hear(peerId, presence, performance.now());
  }

  /** Each of the others has a relay session of its own with the newcomer. */
  private tellOfMember({ party, member }: Pick<Entry, 'party' | 'member'>): void {
    const view = memberView(member, this.presence.view(member.peerId), party.network);
    for (const { peerId } of party.members) {
      if (peerId === member.peerId) continue;
      const relayRefusal = this.sessions.refusalBetween(party.id, peerId, member.peerId);
      this.sockets.deliver(peerId, 'member.joined', {
        partyId: party.id,
        revision: party.revision,
        member: view,
        relay: this.sessions.between(party.id, peerId, member.peerId),
        ...(relayRefusal !== null && { relayRefusal }),
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
    const others = party.members.map(({ peerId }) => peerId).filter((peerId) => peerId !== subject);
    this.sockets.deliverToAll(others, event, payload);
  }
}
