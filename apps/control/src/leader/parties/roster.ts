/**
 * Who is in which party, in the leader's memory, so that what members say of themselves asks no database. Pure.
 *
 * The leader hears of each change; what it hears is kept by revision. A word can be lost, when a node dies between its
 * writing and its telling. So what is known is trusted for a while only, and what a gap in the revisions makes doubtful is
 * forgotten at once.
 */
import type { PartyId, PeerId } from '#shared/party/identity';
import type { VirtualNetwork } from '#shared/party/virtual-ip';

/** For how long a former member may go on hearing of a party, if the news of its leaving was lost. */
const TRUSTED_MS = 10_000;

export interface KnownParty {
  readonly id: PartyId;
  readonly revision: number;
  readonly network: VirtualNetwork;
  readonly members: readonly { readonly peerId: PeerId }[];
}

interface Place {
  /** Null: in none. */
  readonly partyId: PartyId | null;
  readonly knownAtMs: number;
}

interface Membership {
  readonly revision: number;
  readonly network: VirtualNetwork;
  readonly peerIds: readonly PeerId[];
}

/** Times are milliseconds of one clock. */
export class Roster {
  private readonly places = new Map<PeerId, Place>();
  private readonly parties = new Map<PartyId, Membership>();
  /** Parties that ended lately, the longest ago first: what was read before says nothing about them. */
  private readonly ended = new Map<PartyId, number>();

  get size(): number {
    return this.places.size;
  }

  /** The party was like this at that time: when the question was asked, if it was. What is known of later stays. */
  learn({ id, revision, network, members }: KnownParty, atMs: number): void {
    const known = this.parties.get(id);
    if (this.ended.has(id) || (known && known.revision > revision)) return;
    const peerIds = members.map(({ peerId }) => peerId);
    if (known) this.release(id, known, new Set(peerIds));
    this.parties.set(id, { revision, network, peerIds });
    for (const peerId of peerIds) this.place(peerId, id, atMs);
  }

  /** The peer was in no party at that time. */
  learnHomeless(peerId: PeerId, atMs: number): void {
    this.place(peerId, null, atMs);
  }

  /** The party has this revision, without a change of members; what was missed before it is not known. */
  advance(id: PartyId, revision: number): void {
    const known = this.parties.get(id);
    if (!known || revision <= known.revision) return;
    if (revision === known.revision + 1) this.parties.set(id, { ...known, revision });
    else this.forget(id);
  }

  /** The party is over. */
  end(id: PartyId, nowMs: number): void {
    this.forget(id);
    this.ended.set(id, nowMs);
    for (const [ended, atMs] of this.ended) {
      if (nowMs - atMs < TRUSTED_MS) break;
      this.ended.delete(ended);
    }
  }

  /** What is known of the party is in doubt. */
  forget(id: PartyId): void {
    const known = this.parties.get(id);
    if (known) this.release(id, known, new Set());
    this.parties.delete(id);
  }

  forgetPeer(peerId: PeerId): void {
    const place = this.places.get(peerId);
    if (place?.partyId === null) this.places.delete(peerId);
  }

  forgetAll(): void {
    this.places.clear();
    this.parties.clear();
  }

  /** @returns null for a peer in no party, undefined when the database has to be asked */
  partyOf(peerId: PeerId, nowMs: number): PartyId | null | undefined {
    const place = this.places.get(peerId);
    return place && nowMs - place.knownAtMs < TRUSTED_MS ? place.partyId : undefined;
  }

  /** @returns null for a party that is not known */
  networkOf(id: PartyId): VirtualNetwork | null {
    return this.parties.get(id)?.network ?? null;
  }

  /** @returns null for a party that is not known */
  membersOf(id: PartyId): readonly PeerId[] | null {
    return this.parties.get(id)?.peerIds ?? null;
  }

  private place(peerId: PeerId, partyId: PartyId | null, atMs: number): void {
    const known = this.places.get(peerId);
    if (!known || known.knownAtMs <= atMs) this.places.set(peerId, { partyId, knownAtMs: atMs });
  }

  /** Forgets where those are who were members and are so no longer. */
  private release(id: PartyId, { peerIds }: Membership, stay: ReadonlySet<PeerId>): void {
    for (const peerId of peerIds) {
      if (!stay.has(peerId) && this.places.get(peerId)?.partyId === id) this.places.delete(peerId);
    }
  }
}
