import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import { PARTY_ID_BYTES, partyIdFrom, type PartyId, type PeerId } from '#shared/party/identity';
import { Database } from '../../database/database';
import { KeyedQueue } from '../../util/keyed-queue';
import type { LeaveReason } from '#shared/api/party';
import { freeNumber } from './kept-numbers';
import { decideJoin, decideLeave } from './membership.rules';
import { hashInviteSecret } from '#shared/party/invite';
import type { AttendanceOf, Entrant, MemberRecord, PartyRecord } from '../../model/party';
import {
  PartyStore,
  withPartyLocked,
  type FirstTerms,
  type JoinView,
  type NewMember,
  type Secrets,
} from './party.store';

/** How often a decision is made anew because something else happened meanwhile. */
const ATTEMPTS = 5;

export interface JoinOutcome {
  readonly party: PartyRecord;
  readonly member: MemberRecord;
  readonly change: 'joined' | 'renamed' | 'none';
}

/** Has a peer show that it knows the password with this hash. @throws LanrageError when it does not */
export type ProvePassword = (passwordHash: string) => Promise<void>;

/** What a peer brings along that wants to join. */
export type Entry = Pick<Entrant, 'preferredSlot' | 'resumes'> & {
  /** The secret of an invite. */
  readonly invite?: Buffer | undefined;
  /** Asked before a member takes another name. @throws LanrageError when it may not now */
  readonly mayRename?: ((members: number) => Promise<void>) | undefined;
};
type MayRename = NonNullable<Entry['mayRename']>;

/** Tells who of these peers is there. Never fails. */
export type AskAttendance = (peerIds: readonly PeerId[]) => AttendanceOf | Promise<AttendanceOf>;

export interface LeaveOutcome {
  readonly before: PartyRecord;
  /** Null: the party closed. */
  readonly after: PartyRecord | null;
}

/**
 * Who is in which party: read, decide by the rules, write on condition that nothing changed. The changes of one party
 * queue up, so that those of this process never run into each other; a change that loses against another process on the
 * same database starts over with the party locked.
 */
@Injectable()
export class Membership {
  private readonly changes = new KeyedQueue<PartyId>();
  private readonly store: PartyStore;

  constructor(private readonly database: Database) {
    this.store = new PartyStore(database.sql);
  }

  of(peerId: PeerId): Promise<PartyRecord | null> {
    return this.store.findByMember(peerId);
  }

  /** What {@link create} would refuse, as far as it is known now. @throws LanrageError like it */
  async assertMayCreate(peerId: PeerId, persistent: boolean, mostKept: number): Promise<void> {
    if (await this.of(peerId)) throw new LanrageError('ALREADY_IN_PARTY');
    if (persistent) await freeNumber(this.store.sql, peerId, mostKept);
  }

  /**
   * @param mostKept how many persistent parties the creator may own
   * @throws LanrageError ALREADY_IN_PARTY, TOO_MANY_PARTIES
   */
  async create(
    terms: FirstTerms,
    creator: NewMember,
    secrets: Omit<Secrets, 'keptNumber'>,
    mostKept: number,
  ): Promise<PartyRecord> {
    return repeat(async () => {
      const id = partyIdFrom(randomBytes(PARTY_ID_BYTES));
      const keptNumber = terms.settings.persistent
        ? await freeNumber(this.store.sql, creator.peerId, mostKept)
        : null;
      const created = await this.store.create({ ...terms, ...secrets, id, keptNumber }, creator);
      if (created === 'already_member') throw new LanrageError('ALREADY_IN_PARTY');
      return created === 'id_taken' || created === 'number_taken' ? undefined : created;
    });
  }

  /**
   * Joining again changes nothing but the name.
   *
   * @throws LanrageError ALREADY_IN_PARTY, PARTY_NOT_FOUND, PARTY_FULL, PARTY_LOCKED, NO_FREE_ADDRESS, KICKED,
   * INVITE_EXPIRED, PARTY_SEALED, or what `prove` throws
   */
  async join(
    partyId: PartyId,
    peer: NewMember,
    { invite, mayRename = () => Promise.resolve(), ...entry }: Entry,
    prove: ProvePassword,
  ): Promise<JoinOutcome> {
    let provenHash: string | null = null;
    const secretHash = invite ? hashInviteSecret(invite).toString('base64') : null;
    return repeat(async () => {
      const { peerId, voucher } = peer;
      const vouched = voucher !== null;
      const entrant = { ...entry, peerId, provenHash, vouched, invited: secretHash !== null };
      const outcome = await this.change(partyId, async (store) => {
        const view = await store.findForJoin(partyId, peerId, secretHash);
        return tryJoin(store, view, partyId, peer, entrant, mayRename);
      });
      if ('party' in outcome) return outcome;
      // Outside the queue: other changes of the party do not wait for somebody's password.
      await prove(outcome.passwordHash);
      provenHash = outcome.passwordHash;
      return undefined;
    });
  }

  /**
   * @param ask needed when a host leaves
   * @param isMeant whether it is this stay of the peer that ends; absent: whichever it is
   * @returns null when the peer is not a member
   * @throws LanrageError WRONG_LEAVE_TICKET when it is another stay
   */
  async leave(
    partyId: PartyId,
    peerId: PeerId,
    reason: LeaveReason,
    ask: AskAttendance,
    isMeant: (stay: MemberRecord) => boolean = () => true,
  ): Promise<LeaveOutcome | null> {
    return this.change(partyId, async (store) => {
      const party = await store.findByMember(peerId);
      if (party?.id !== partyId) return null;
      if (!party.members.some((member) => member.peerId === peerId && isMeant(member)))
        throw new LanrageError('WRONG_LEAVE_TICKET');
      return tryLeave(store, party, peerId, reason, ask);
    });
  }

  /** Takes a step that answers undefined when the party changed between its reading and its writing. */
  change<Result>(
    partyId: PartyId,
    step: (store: PartyStore) => Promise<Result | undefined>,
  ): Promise<Result> {
    return this.changes.run(partyId, async () => {
      const result = await step(this.store);
      if (result !== undefined) return result;
      return repeat(() => withPartyLocked(this.database, partyId, step));
    });
  }

  /** Takes such a step on a party that there is. @throws LanrageError PARTY_NOT_FOUND, or what the step throws */
  changeExisting<Result>(
    partyId: PartyId,
    step: (party: PartyRecord, store: PartyStore) => Promise<Result | undefined>,
  ): Promise<Result> {
    return this.change(partyId, async (store) => {
      const party = await store.findById(partyId);
      if (!party) throw new LanrageError('PARTY_NOT_FOUND');
      return step(party, store);
    });
  }
}

async function tryJoin(
  store: PartyStore,
  { currentPartyId, party, standing, leases }: JoinView,
  partyId: PartyId,
  peer: NewMember,
  entrant: Entrant,
  mayRename: MayRename,
): Promise<JoinOutcome | { passwordHash: string } | undefined> {
  if (currentPartyId !== null && currentPartyId !== partyId) throw new LanrageError('ALREADY_IN_PARTY');
  if (!party) throw new LanrageError('PARTY_NOT_FOUND');
  const decision = decideJoin(party, standing, leases, entrant, Date.now());
  switch (decision.verdict) {
    case 'refuse':
      throw new LanrageError(decision.code);
    case 'prove':
      return decision;
    case 'rejoin':
      return tryRename(store, party, decision.member, peer.name, mayRename);
    case 'admit':
      return tryAdmit(store, party, peer, decision);
  }
}

async function tryAdmit(
  store: PartyStore,
  party: PartyRecord,
  peer: NewMember,
  { slot, hostId, inviteId }: { slot: number; hostId: PeerId; inviteId: string | null },
): Promise<JoinOutcome | undefined> {
  const joinedAtMs = await store.admit(party, peer, { slot, hostId, inviteId });
  if (joinedAtMs === null) return undefined;
  const member = { ...peer, slot, joinedAtMs };
  return { change: 'joined', member, party: { ...next(party, [...party.members, member]), hostId } };
}

async function tryRename(
  store: PartyStore,
  party: PartyRecord,
  member: MemberRecord,
  name: string,
  mayRename: MayRename,
): Promise<JoinOutcome | undefined> {
  if (member.name === name) return { change: 'none', party, member };
  await mayRename(party.members.length);
  if (!(await store.rename(party, member.peerId, name))) return undefined;
  const renamed = { ...member, name };
  const members = party.members.map((other) => (other === member ? renamed : other));
  return { change: 'renamed', member: renamed, party: next(party, members) };
}

async function tryLeave(
  store: PartyStore,
  before: PartyRecord,
  peerId: PeerId,
  reason: LeaveReason,
  ask: AskAttendance,
): Promise<LeaveOutcome | undefined> {
  const heirs = before.hostId === peerId ? before.members.map((member) => member.peerId) : [];
  const decision = decideLeave(before, peerId, await ask(heirs));
  if (decision.verdict === 'close') return (await store.close(before)) ? { before, after: null } : undefined;
  if (!(await store.remove(before, peerId, reason, decision))) return undefined;
  return { before, after: { ...without(before, peerId), hostId: decision.hostId } };
}

/** The party as it is once this peer went, who was a member or had timed out. */
export function without({ timedOut, ...party }: PartyRecord, peerId: PeerId): PartyRecord {
  return next(
    { ...party, timedOut: timedOut.filter((other) => other !== peerId) },
    party.members.filter((member) => member.peerId !== peerId),
  );
}

/** The party as it is after one change, of its members or of something else. */
export function next(party: PartyRecord, members = party.members): PartyRecord {
  return { ...party, members, revision: party.revision + 1 };
}

/** Repeats a step that answers undefined when it lost a race. */
export async function repeat<Result>(step: () => Promise<Result | undefined>): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await step();
    if (result !== undefined) return result;
  }
  throw new LanrageError('CONTROL_UNAVAILABLE', {
    message: 'The party is changing too fast right now. Try again in a moment.',
    retryAfterSeconds: 1,
  });
}
