import fc from 'fast-check';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { newPair, type Pair } from './pair';
import { PairBook } from './pair-book';

const member = (number: number) => {
  return { peerId: number.toString(16).padStart(16, '0') as PeerId, publicKey: `key ${number}` as PublicKey };
};
const party = (number: number) => String(number).padStart(12, '0') as PartyId;
const pairs = [0, 1].flatMap((place) =>
  [1, 2, 3].map((other) => () => newPair(party(place), member(10 * place), member(10 * place + other))),
);

describe('PairBook', () => {
  it('counts what each party has, whatever becomes of its pairs', () => {
    const step = fc.record({
      index: fc.nat({ max: pairs.length - 1 }),
      what: fc.constantFrom('keep', 'place', 'use', 'delete'),
      relayId: fc.constantFrom('a', 'b', null),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = new PairBook();
        const made = pairs.map((make) => make());
        const kept = new Set<Pair>();
        for (const { index, what, relayId } of steps) {
          const pair = made[index]!;
          if (what === 'keep') kept.add(book.keep(pair));
          else if (what === 'place') book.place(pair, relayId);
          else if (what === 'use') book.use(pair);
          else {
            book.delete(pair);
            kept.delete(pair);
          }
        }
        const expected = [0, 1].flatMap((place) => {
          const ofParty = [...kept].filter(({ partyId }) => partyId === party(place));
          const held = ofParty.filter((pair) => pair.relayId !== null);
          const unused = held.filter(({ used }) => !used).length;
          if (ofParty.length === 0) return [];
          return [{ partyId: party(place), wanted: ofParty.length, held: held.length, unused }];
        });
        expect(book.tallies().sort((a, b) => (a.partyId < b.partyId ? -1 : 1))).toEqual(expected);
        for (const { partyId } of expected)
          expect(new Set(book.ofParty(partyId))).toEqual(
            new Set([...kept].filter((pair) => pair.partyId === partyId)),
          );
      }),
    );
  });
});
