import fc from 'fast-check';
import type { PeerId } from '#shared/party/identity';
import { SHARED_SLOTS } from '#shared/party/virtual-ip';
import type { PublicKey } from '#shared/wireguard/key';
import { decideJoin, decideLeave, RETURN_MS } from './membership.rules';
import type { Attendance, Entrant, InviteRecord, Leases, MemberRecord, Standing } from '../../model/party';
import { settingsFixture as settings } from '../../../../../test/fixtures/party';

const peerId = (number: number) => number.toString(16).padStart(16, '0') as PeerId;
const member = (number: number, slot: number): MemberRecord => ({
  peerId: peerId(number),
  publicKey: `key ${number}` as PublicKey,
  name: `player ${number}`,
  slot,
  joinedAtMs: number,
  voucher: null,
});
const party = (maxPeers: number, ...members: MemberRecord[]) => ({
  hostId: peerId(1),
  ownerId: peerId(1),
  maxPeers,
  members,
  settings,
});
const nothingKept: Leases = { ownSlot: null, departedSlots: [] };
const newcomer = peerId(99);
const stranger: Standing = {
  banned: false,
  departure: null,
  departedAtMs: null,
  passwordHash: null,
  invite: null,
};
const entrant = (id: PeerId, preferredSlot: number, changes: Partial<Entrant> = {}): Entrant => ({
  peerId: id,
  preferredSlot,
  resumes: false,
  provenHash: null,
  invited: false,
  vouched: false,
  ...changes,
});

describe('decideJoin', () => {
  const alice = member(1, 0);
  const bob = member(2, 700);

  it.each([
    ['the preferred slot when it is free', party(4, alice), nothingKept, 700, 700],
    ['the next one when a member has it', party(4, alice, bob), nothingKept, 700, 701],
    [
      'the next one when it is kept for somebody',
      party(4, alice),
      { ownSlot: null, departedSlots: [700, 701] },
      700,
      702,
    ],
    ['the first one after the last', party(4, alice, member(2, SHARED_SLOTS)), nothingKept, SHARED_SLOTS, 1],
    [
      'the slot from before, whatever is preferred',
      party(4, alice, bob),
      { ownSlot: 12, departedSlots: [12] },
      700,
      12,
    ],
    [
      "the creator's slot, when the creator comes back",
      party(4, bob),
      { ownSlot: 0, departedSlots: [0] },
      700,
      0,
    ],
  ])('gives %s', (_what, state, leases, preferred, slot) => {
    expect(decideJoin(state, stranger, leases, entrant(newcomer, preferred), 0)).toEqual({
      verdict: 'admit',
      slot,
      hostId: alice.peerId,
      inviteId: null,
    });
  });

  it('takes the last place and no further one', () => {
    const join = (state: ReturnType<typeof party>) =>
      decideJoin(state, stranger, nothingKept, entrant(newcomer, 5), 0);
    expect(join(party(3, alice, bob))).toMatchObject({ verdict: 'admit', slot: 5 });
    expect(join(party(2, alice, bob))).toEqual({
      verdict: 'refuse',
      code: 'PARTY_FULL',
    });
  });

  it('knows a member again, in a full party too', () => {
    expect(decideJoin(party(2, alice, bob), stranger, nothingKept, entrant(bob.peerId, 5), 0)).toEqual({
      verdict: 'rejoin',
      member: bob,
    });
  });

  const allSlots = Array.from({ length: SHARED_SLOTS }, (_, index) => index + 1);

  it('gives away what was kept for somebody only when nothing else is left', () => {
    const kept = allSlots.filter((slot) => slot !== 40_000);
    const join = (departedSlots: number[]) =>
      decideJoin(party(9, alice), stranger, { ownSlot: null, departedSlots }, entrant(newcomer, 7), 0);
    expect(join(kept)).toMatchObject({ verdict: 'admit', slot: 40_000 });
    expect(join(allSlots)).toMatchObject({ verdict: 'admit', slot: 7 });
  });

  it('refuses when members have all shared slots, although the creator has gone', () => {
    const members = allSlots.map((slot) => member(slot, slot));
    expect(
      decideJoin(
        party(SHARED_SLOTS + 1, ...members),
        stranger,
        { ownSlot: null, departedSlots: [0] },
        entrant(peerId(70_000), 7),
        0,
      ),
    ).toEqual({
      verdict: 'refuse',
      code: 'NO_FREE_ADDRESS',
    });
  });

  it('never gives two members one slot, and a returning one its old slot, in any history', () => {
    const step = fc.record({
      player: fc.integer({ min: 1, max: 30 }),
      preferred: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let members = [member(0, 0)];
        const leases = new Map([[peerId(0), 0]]);
        for (const { player, preferred } of steps) {
          const id = peerId(player);
          if (members.some((other) => other.peerId === id)) {
            members = members.filter((other) => other.peerId !== id);
            continue;
          }
          const present = new Set(members.map((other) => other.peerId));
          const departedSlots = [...leases].filter(([other]) => !present.has(other)).map(([, slot]) => slot);
          const ownSlot = leases.get(id) ?? null;
          const decision = decideJoin(
            party(100, ...members),
            stranger,
            { ownSlot, departedSlots },
            entrant(id, preferred),
            0,
          );
          if (decision.verdict !== 'admit') throw new Error(decision.verdict);
          if (ownSlot !== null) expect(decision.slot).toBe(ownSlot);
          leases.set(id, decision.slot);
          members.push(member(player, decision.slot));
        }
        expect(new Set(leases.values()).size).toBe(leases.size);
      }),
    );
  });
});

describe('who is let in', () => {
  const [owner, alice] = [member(1, 0), member(2, 5)];
  const open = { hostId: alice.peerId, ownerId: owner.peerId, maxPeers: 3, members: [alice], settings };
  const locked = { ...open, settings: { ...settings, locked: true } };
  const full = { ...open, maxPeers: 1 };
  const persistent = { ...open, settings: { ...settings, persistent: true } };
  const lockedPersistent = { ...persistent, settings: { ...persistent.settings, locked: true } };
  const guarded: Standing = { ...stranger, passwordHash: 'hash' };
  const banned: Standing = { ...stranger, banned: true };
  const gone = (departure: Standing['departure'], more: Partial<Standing> = {}): Standing => ({
    ...stranger,
    departure,
    departedAtMs: departure === null ? null : 0,
    ...more,
  });
  const anybody = entrant(newcomer, 7);
  const resuming = entrant(newcomer, 7, { resumes: true });
  const knowing = (provenHash: string) => entrant(newcomer, 7, { provenHash });
  const admit = { verdict: 'admit', slot: 7, hostId: alice.peerId, inviteId: null };
  const asOwner = entrant(owner.peerId, 7);
  const refuse = (code: string) => ({ verdict: 'refuse', code });
  const prove = { verdict: 'prove', passwordHash: 'hash' };

  it.each([
    ['anybody into an open party', open, stranger, anybody, admit],
    ['nobody new into a locked one', locked, stranger, anybody, refuse('PARTY_LOCKED')],
    ['whoever just left into a locked one', locked, gone('left'), anybody, admit],
    ['whoever timed out into a locked one', locked, gone('timed_out'), anybody, admit],
    ['nobody who was kicked into a locked one', locked, gone('kicked'), anybody, refuse('PARTY_LOCKED')],
    ['whoever was kicked and comes again', open, gone('kicked'), anybody, admit],
    ['no agent that only undoes a kick', open, gone('kicked'), resuming, refuse('KICKED')],
    ['no agent that undoes a ban that was lifted', open, gone('banned'), resuming, refuse('KICKED')],
    ['an agent that undoes a time-out', open, gone('timed_out'), resuming, admit],
    ['nobody who is banned', open, banned, anybody, refuse('PARTY_NOT_FOUND')],
    ['nobody who is banned, lock or not', locked, banned, anybody, refuse('PARTY_NOT_FOUND')],
    [
      'nobody who is banned, password or not',
      open,
      { ...guarded, banned: true },
      knowing('hash'),
      refuse('PARTY_NOT_FOUND'),
    ],
    [
      'nobody who is banned, resuming',
      open,
      gone('banned', { banned: true }),
      resuming,
      refuse('PARTY_NOT_FOUND'),
    ],
    ['nobody without the password', open, guarded, anybody, prove],
    ['nobody with the password from before', open, guarded, knowing('old'), prove],
    ['whoever knows the password', open, guarded, knowing('hash'), admit],
    ['nobody who left without the password', open, gone('left', { passwordHash: 'hash' }), anybody, prove],
    ['whoever timed out without it', open, gone('timed_out', { passwordHash: 'hash' }), resuming, admit],
    ['nobody into a full party, before a password is asked', full, guarded, anybody, refuse('PARTY_FULL')],
    [
      'the owner into a persistent party, as host',
      lockedPersistent,
      guarded,
      asOwner,
      { ...admit, hostId: owner.peerId },
    ],
    ['the creator of another party like anybody', locked, guarded, asOwner, refuse('PARTY_LOCKED')],
    [
      'not even the owner into a full one',
      { ...persistent, maxPeers: 1 },
      stranger,
      asOwner,
      refuse('PARTY_FULL'),
    ],
    [
      'the first one into an empty party, as host',
      { ...persistent, members: [] },
      stranger,
      anybody,
      { ...admit, hostId: newcomer },
    ],
  ] as const)('%s', (_whom, state, standing, who, decision) => {
    expect(decideJoin(state, standing, nothingKept, who, 0)).toEqual(decision);
  });

  const invite = { id: 'abcd0123', createdAtMs: 0, expiresAtMs: 1000, uses: 0, maxUses: null };
  const withInvite = (changes: Partial<InviteRecord> = {}, more: Partial<Standing> = {}): Standing => ({
    ...stranger,
    invite: { ...invite, ...changes },
    ...more,
  });
  const invited = entrant(newcomer, 7, { invited: true });
  const vouched = entrant(newcomer, 7, { invited: true, vouched: true });
  const onlyVouched = entrant(newcomer, 7, { vouched: true });
  const sealed = { ...open, settings: { ...settings, sealed: true } };
  const sealedAndLocked = { ...sealed, settings: { ...sealed.settings, locked: true } };
  const byInvite = { ...admit, inviteId: invite.id };

  it.each([
    ['past nothing, and is counted all the same', open, withInvite(), invited, 999, byInvite],
    ['past the lock', locked, withInvite(), invited, 0, byInvite],
    ['past the password', open, withInvite({}, { passwordHash: 'hash' }), invited, 0, byInvite],
    ['past the lock after a kick', locked, withInvite({}, { departure: 'kicked' }), invited, 0, byInvite],
    ['as the last one that it is good for', open, withInvite({ uses: 2, maxUses: 3 }), invited, 0, byInvite],
    [
      'not when it is used up',
      open,
      withInvite({ uses: 3, maxUses: 3 }),
      invited,
      0,
      refuse('INVITE_EXPIRED'),
    ],
    ['not when its time is over', open, withInvite(), invited, 1000, refuse('INVITE_EXPIRED')],
    ['not when there is none', open, stranger, invited, 0, refuse('INVITE_EXPIRED')],
    ['not past a ban', open, withInvite({}, { banned: true }), invited, 0, refuse('PARTY_NOT_FOUND')],
    [
      'not past a kick without the player asking',
      open,
      withInvite({}, { departure: 'kicked' }),
      { ...invited, resumes: true },
      0,
      refuse('KICKED'),
    ],
    ['not into a full party', full, withInvite(), invited, 0, refuse('PARTY_FULL')],
    ['past the seal', sealed, withInvite(), vouched, 0, byInvite],
    ['not past the seal with nothing to show', sealed, withInvite(), invited, 0, refuse('PARTY_SEALED')],
    ['not past the seal without one', sealed, stranger, onlyVouched, 0, refuse('PARTY_SEALED')],
    ['back behind the seal after leaving', sealed, gone('left'), onlyVouched, 0, admit],
    ['back behind the lock just after leaving', sealedAndLocked, gone('left'), onlyVouched, 0, admit],
    [
      'not back behind the lock later',
      sealedAndLocked,
      gone('left'),
      onlyVouched,
      RETURN_MS,
      refuse('PARTY_LOCKED'),
    ],
    ['back behind the seal after a time-out', sealed, gone('timed_out'), onlyVouched, 0, admit],
    ['not back with nothing to show', sealed, gone('left'), anybody, 0, refuse('PARTY_SEALED')],
    ['not back after a kick', sealed, gone('kicked'), onlyVouched, 0, refuse('PARTY_SEALED')],
  ] as const)('an invite leads %s', (_where, state, standing, who, nowMs, decision) => {
    expect(decideJoin(state, standing, nothingKept, who, nowMs)).toEqual(decision);
  });
});

describe('a peer that comes back after a time-out', () => {
  const alice = member(1, 0);
  const timedOut = (more: Partial<Standing>): Standing => ({ ...stranger, departure: 'timed_out', ...more });
  const open = party(9, alice);
  const locked = { ...open, settings: { ...settings, locked: true } };
  const sealed = { ...open, settings: { ...settings, sealed: true } };
  const guarded = timedOut({ passwordHash: 'hash', departedAtMs: 0 });

  it.each([
    ['passes a lock in time', locked, timedOut({ departedAtMs: 0 }), RETURN_MS - 1, 'admit'],
    ['passes no lock later', locked, timedOut({ departedAtMs: 0 }), RETURN_MS, 'refuse'],
    ['passes no lock if nobody knows when it was', locked, timedOut({ departedAtMs: null }), 0, 'refuse'],
    ['needs no password in time', open, guarded, RETURN_MS - 1, 'admit'],
    ['needs the password later', open, guarded, RETURN_MS, 'prove'],
    ['comes into an open party whenever it likes', open, timedOut({ departedAtMs: 0 }), RETURN_MS, 'admit'],
    ['is no stranger to a seal', sealed, timedOut({ departedAtMs: 0 }), RETURN_MS, 'admit'],
  ] as const)('%s', (_what, state, standing, nowMs, verdict) => {
    const back = entrant(newcomer, 7, { resumes: true, vouched: true });
    expect(decideJoin(state, standing, nothingKept, back, nowMs).verdict).toBe(verdict);
  });
});

describe('decideLeave', () => {
  const [alice, bob, carol, dave] = [member(1, 0), member(2, 5), member(3, 6), member(4, 7)];
  const unknown = () => 'away' as const;
  const four = [alice, bob, carol, dave];

  it.each([
    ['keeps the host when somebody else goes', alice, [alice, bob, carol], carol, alice],
    ['makes the longest present the host', alice, [alice, bob, carol], alice, bob],
    ['passes over nobody when a later one is host', bob, [alice, bob, carol], bob, alice],
  ])('%s', (_what, host, members, leaver, successor) => {
    expect(decideLeave({ hostId: host.peerId, members, settings }, leaver.peerId, unknown)).toEqual({
      verdict: 'leave',
      hostId: successor.peerId,
      empties: false,
    });
  });

  it.each([
    ['online', 'online', 'online', bob],
    ['away', 'online', 'online', carol],
    ['gone', 'online', 'online', carol],
    ['gone', 'away', 'online', dave],
    ['away', 'away', 'away', bob],
    ['gone', 'away', 'away', carol],
    ['gone', 'gone', 'away', dave],
    ['gone', 'gone', 'gone', bob],
  ] as const)('Alice, host, goes: Bob is %s, Carol %s, Dave %s', (ofBob, ofCarol, ofDave, successor) => {
    const attendance = new Map<PeerId, Attendance>([
      [alice.peerId, 'online'],
      [bob.peerId, ofBob],
      [carol.peerId, ofCarol],
      [dave.peerId, ofDave],
    ]);
    const attendanceOf = (id: PeerId) => attendance.get(id) ?? 'away';
    const hosted = { hostId: alice.peerId, members: four, settings };
    expect(decideLeave(hosted, alice.peerId, attendanceOf)).toMatchObject({ hostId: successor.peerId });
    // Somebody else's going is no reason to look who is there.
    expect(decideLeave(hosted, dave.peerId, attendanceOf)).toMatchObject({ hostId: alice.peerId });
  });

  it('closes the party when the last one goes', () => {
    expect(decideLeave({ hostId: alice.peerId, members: [alice], settings }, alice.peerId, unknown)).toEqual({
      verdict: 'close',
    });
  });

  it('keeps a persistent party when the last one goes', () => {
    const persistent = { ...settings, persistent: true };
    expect(
      decideLeave({ hostId: alice.peerId, members: [alice], settings: persistent }, alice.peerId, unknown),
    ).toEqual({
      verdict: 'leave',
      hostId: alice.peerId,
      empties: true,
    });
  });
});
