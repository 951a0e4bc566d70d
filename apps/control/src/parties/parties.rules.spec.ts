import fc from 'fast-check';
import type { PeerId } from '#shared/party/identity';
import { SHARED_SLOTS } from '#shared/party/virtual-ip';
import type { PublicKey } from '#shared/wireguard/key';
import { decideJoin, decideLeave } from './parties.rules';
import type { Leases, MemberRecord } from './party';

const peerId = (number: number) => number.toString(16).padStart(16, '0') as PeerId;
const member = (number: number, slot: number): MemberRecord => ({
  peerId: peerId(number),
  publicKey: `key ${number}` as PublicKey,
  name: `player ${number}`,
  slot,
  joinedAtMs: number,
});
const party = (maxPeers: number, ...members: MemberRecord[]) => ({ maxPeers, members });
const nothingKept: Leases = { ownSlot: null, departedSlots: [] };
const newcomer = peerId(99);

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
    expect(decideJoin(state, leases, newcomer, preferred)).toEqual({ verdict: 'admit', slot });
  });

  it('takes the last place and no further one', () => {
    expect(decideJoin(party(3, alice, bob), nothingKept, newcomer, 5)).toEqual({ verdict: 'admit', slot: 5 });
    expect(decideJoin(party(2, alice, bob), nothingKept, newcomer, 5)).toEqual({
      verdict: 'refuse',
      code: 'PARTY_FULL',
    });
  });

  it('knows a member again, in a full party too', () => {
    expect(decideJoin(party(2, alice, bob), nothingKept, bob.peerId, 5)).toEqual({
      verdict: 'rejoin',
      member: bob,
    });
  });

  const allSlots = Array.from({ length: SHARED_SLOTS }, (_, index) => index + 1);

  it('gives away what was kept for somebody only when nothing else is left', () => {
    const kept = allSlots.filter((slot) => slot !== 40_000);
    expect(decideJoin(party(9, alice), { ownSlot: null, departedSlots: kept }, newcomer, 7)).toEqual({
      verdict: 'admit',
      slot: 40_000,
    });
    expect(decideJoin(party(9, alice), { ownSlot: null, departedSlots: allSlots }, newcomer, 7)).toEqual({
      verdict: 'admit',
      slot: 7,
    });
  });

  it('refuses when members have all shared slots, although the creator has gone', () => {
    const members = allSlots.map((slot) => member(slot, slot));
    expect(
      decideJoin(
        party(SHARED_SLOTS + 1, ...members),
        { ownSlot: null, departedSlots: [0] },
        peerId(70_000),
        7,
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
          const decision = decideJoin(party(100, ...members), { ownSlot, departedSlots }, id, preferred);
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

describe('decideLeave', () => {
  const [alice, bob, carol] = [member(1, 0), member(2, 5), member(3, 6)];

  it.each([
    ['keeps the host when somebody else goes', alice, [alice, bob, carol], carol, alice],
    ['makes the longest present the host', alice, [alice, bob, carol], alice, bob],
    ['passes over nobody when a later one is host', bob, [alice, bob, carol], bob, alice],
  ])('%s', (_what, host, members, leaver, successor) => {
    expect(decideLeave({ hostId: host.peerId, members }, leaver.peerId)).toEqual({
      verdict: 'leave',
      hostId: successor.peerId,
    });
  });

  it('closes the party when the last one goes', () => {
    expect(decideLeave({ hostId: alice.peerId, members: [alice] }, alice.peerId)).toEqual({
      verdict: 'close',
    });
  });
});
