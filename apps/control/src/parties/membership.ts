import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import { PARTY_ID_BYTES, partyIdFrom, type PartyId, type PeerId } from '#shared/party/identity';
import { Database } from '../database/database';
import { KeyedQueue } from './keyed-queue';
import { decideJoin, decideLeave } from './parties.rules';
import type { MemberRecord, PartyRecord } from './party';
import { PartyStore, withPartyLocked, type NewMember } from './party.store';

/** How often a decision is made anew because something else happened meanwhile. */
const ATTEMPTS = 5;

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
 * Who is in which party: read, decide by the rules, write on condition that nothing changed. The changes of one party
 * queue up, so that those of this process never run into each other; whoever loses against another process on the
 * same database starts over with the party locked.
 */
@Injectable()
export class Membership {
  private readonly changes = new KeyedQueue<PartyId>();
  private readonly store: PartyStore;

  constructor(private readonly database: Database) {
    this.store = new PartyStore(database.prisma);
  }

  of(peerId: PeerId): Promise<PartyRecord | null> {
    return this.store.findByMember(peerId);
  }

  /** @throws LanrageError ALREADY_IN_PARTY */
  async create(name: string, maxPeers: number, creator: NewMember): Promise<PartyRecord> {
    return repeat(async () => {
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
    return this.change(partyId, async (store) => {
      const { currentPartyId, party, leases } = await store.findForJoin(partyId, peer.peerId);
      if (currentPartyId !== null && currentPartyId !== partyId) throw new LanrageError('ALREADY_IN_PARTY');
      if (!party) throw new LanrageError('PARTY_NOT_FOUND');
      const decision = decideJoin(party, leases, peer.peerId, preferredSlot);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      if (decision.verdict === 'rejoin') return tryRename(store, party, decision.member, peer.name);
      return tryAdmit(store, party, peer, decision.slot);
    });
  }

  /** @returns null when the peer is not a member */
  async leave(partyId: PartyId, peerId: PeerId): Promise<LeaveOutcome | null> {
    return this.change(partyId, async (store) => {
      const party = await store.findByMember(peerId);
      return party?.id === partyId ? tryLeave(store, party, peerId) : null;
    });
  }

  /** Takes a step that answers undefined when the party changed between its reading and its writing. */
  private change<Result>(
    partyId: PartyId,
    step: (store: PartyStore) => Promise<Result | undefined>,
  ): Promise<Result> {
    return this.changes.run(partyId, async () => {
      const result = await step(this.store);
      if (result !== undefined) return result;
      return repeat(() => withPartyLocked(this.database.prisma, partyId, step));
    });
  }
}

async function tryAdmit(
  store: PartyStore,
  party: PartyRecord,
  peer: NewMember,
  slot: number,
): Promise<JoinOutcome | undefined> {
  const joinedAtMs = await store.admit(party, peer, slot);
  if (joinedAtMs === null) return undefined;
  const member = { ...peer, slot, joinedAtMs };
  return { change: 'joined', member, party: next(party, [...party.members, member]) };
}

async function tryRename(
  store: PartyStore,
  party: PartyRecord,
  member: MemberRecord,
  name: string,
): Promise<JoinOutcome | undefined> {
  if (member.name === name) return { change: 'none', party, member };
  if (!(await store.rename(party, member.peerId, name))) return undefined;
  const renamed = { ...member, name };
  const members = party.members.map((other) => (other === member ? renamed : other));
  return { change: 'renamed', member: renamed, party: next(party, members) };
}

async function tryLeave(
  store: PartyStore,
  before: PartyRecord,
  peerId: PeerId,
): Promise<LeaveOutcome | undefined> {
  const decision = decideLeave(before, peerId);
  if (decision.verdict === 'close') return (await store.close(before)) ? { before, after: null } : undefined;
  if (!(await store.remove(before, peerId, decision.hostId))) return undefined;
  const members = before.members.filter((member) => member.peerId !== peerId);
  return { before, after: { ...next(before, members), hostId: decision.hostId } };
}

/** The same party after one change of its members. */
function next(party: PartyRecord, members: readonly MemberRecord[]): PartyRecord {
  return { ...party, members, revision: party.revision + 1 };
}

/** Repeats a step that answers undefined when it lost a race. */
async function repeat<Result>(step: () => Promise<Result | undefined>): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await step();
    if (result !== undefined) return result;
  }
  throw new LanrageError('CONTROL_UNAVAILABLE', {
    message: 'The party changes too fast right now. Try again in a moment.',
    retryAfterSeconds: 1,
  });
}
