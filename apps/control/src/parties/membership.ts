import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import { PARTY_ID_BYTES, partyIdFrom, type PartyId, type PeerId } from '#shared/party/identity';
import { KeyedQueue } from './keyed-queue';
import { decideJoin, decideLeave } from './parties.rules';
import type { MemberRecord, PartyRecord } from './party';
import { PartyStore, type JoinView, type NewMember } from './party.store';

/** How often a decision is made anew because somebody else changed the party meanwhile. */
const ATTEMPTS = 50;
/** Another process works at the same rhythm: without a pause of random length it could win every time. */
const LONGEST_PAUSE_MS = 5;

export interface JoinOutcome {
  readonly party: PartyRecord;
  readonly member: MemberRecord;
  readonly change: 'joined' | 'renamed' | 'none';
}

export interface LeaveOutcome {
  readonly before: PartyRecord;
  /** Null: the party closed. */
  readonly after: PartyRecord | null;
}

/**
 * Who is in which party: read, decide by the rules, write on condition that nothing changed, or start over. The
 * changes of one party queue up, so that those of this process never run into each other; the condition is for
 * other processes on the same database.
 */
@Injectable()
export class Membership {
  private readonly changes = new KeyedQueue<PartyId>();

  constructor(private readonly store: PartyStore) {}

  of(peerId: PeerId): Promise<PartyRecord | null> {
    return this.store.findByMember(peerId);
  }

  /** @throws LanrageError ALREADY_IN_PARTY */
  async create(name: string, maxPeers: number, creator: NewMember): Promise<PartyRecord> {
    return until(async () => {
      const id = partyIdFrom(randomBytes(PARTY_ID_BYTES));
      const created = await this.store.create({ id, name, maxPeers }, creator);
      if (created === 'already_member') throw new LanrageError('ALREADY_IN_PARTY');
      return created === 'id_taken' ? undefined : created;
    });
  }

  /**
   * Joining again changes nothing but the name.
   *
   * @param preferredSlot the address that the peer would like, by its number
   * @throws LanrageError ALREADY_IN_PARTY, PARTY_NOT_FOUND, PARTY_FULL, NO_FREE_ADDRESS
   */
  async join(partyId: PartyId, peer: NewMember, preferredSlot: number): Promise<JoinOutcome> {
    return this.changes.run(partyId, () =>
      until(async () => {
        const view = await this.store.findForJoin(partyId, peer.peerId);
        return this.tryJoin(joinable(view, partyId), view, peer, preferredSlot);
      }),
    );
  }

  /** @returns null when the peer is not a member */
  async leave(partyId: PartyId, peerId: PeerId): Promise<LeaveOutcome | null> {
    return this.changes.run(partyId, () =>
      until(async () => {
        const before = await this.store.findByMember(peerId);
        return before?.id === partyId ? this.tryLeave(before, peerId) : null;
      }),
    );
  }

  private async tryJoin(
    party: PartyRecord,
    { leases }: JoinView,
    peer: NewMember,
    preferredSlot: number,
  ): Promise<JoinOutcome | undefined> {
    const decision = decideJoin(party, leases, peer.peerId, preferredSlot);
    switch (decision.verdict) {
      case 'refuse':
        throw new LanrageError(decision.code);
      case 'rejoin':
        return this.tryRename(party, decision.member, peer.name);
      case 'admit': {
        const joinedAtMs = await this.store.admit(party, peer, decision.slot);
        if (joinedAtMs === null) return undefined;
        const member = { ...peer, slot: decision.slot, joinedAtMs };
        return { change: 'joined', member, party: next(party, [...party.members, member]) };
      }
    }
  }

  private async tryRename(
    party: PartyRecord,
    member: MemberRecord,
    name: string,
  ): Promise<JoinOutcome | undefined> {
    if (member.name === name) return { change: 'none', party, member };
    if (!(await this.store.rename(party, member.peerId, name))) return undefined;
    const renamed = { ...member, name };
    const members = party.members.map((other) => (other === member ? renamed : other));
    return { change: 'renamed', member: renamed, party: next(party, members) };
  }

  private async tryLeave(before: PartyRecord, peerId: PeerId): Promise<LeaveOutcome | undefined> {
    const decision = decideLeave(before, peerId);
    if (decision.verdict === 'close') {
      return (await this.store.close(before)) ? { before, after: null } : undefined;
    }
    if (!(await this.store.remove(before, peerId, decision.hostId))) return undefined;
    const members = before.members.filter((member) => member.peerId !== peerId);
    return { before, after: { ...next(before, members), hostId: decision.hostId } };
  }
}

/** The same party after one change of its members. */
function next(party: PartyRecord, members: readonly MemberRecord[]): PartyRecord {
  return { ...party, members, revision: party.revision + 1 };
}

function joinable({ currentPartyId, party }: JoinView, partyId: PartyId): PartyRecord {
  if (currentPartyId !== null && currentPartyId !== partyId) throw new LanrageError('ALREADY_IN_PARTY');
  if (!party) throw new LanrageError('PARTY_NOT_FOUND');
  return party;
}

/** Repeats a step that answers undefined when it lost a race. */
async function until<Result>(step: () => Promise<Result | undefined>): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await step();
    if (result !== undefined) return result;
    await sleep(Math.random() * LONGEST_PAUSE_MS);
  }
  throw new LanrageError('CONTROL_UNAVAILABLE', {
    message: 'The party changes too fast right now. Try again in a moment.',
    retryAfterSeconds: 1,
  });
}
