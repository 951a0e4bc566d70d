/** On a machine with several addresses: what a player gets leaves from the one that it asks. */
import { data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits } from './limits';
import { Pair } from './pair';
import { SourceLimits } from './source-limits';
import type { PlayerAddress } from './verdict';

const [alice, bob] = [testKey(1), testKey(2)];
const [first, second] = ['203.0.113.1', '203.0.113.2'];
const home = { alice: { address: '192.0.2.1', port: 1000 }, bob: { address: '192.0.2.2', port: 1000 } };
const asking = (player: keyof typeof home, asked: string): PlayerAddress => ({ ...home[player], asked });
const [a, b] = [0xa1, 0xb1];
const nowMs = 1_000_000;

/** Alice asks the first address, Bob the second. */
function meet(): Pair {
  const { misses } = new SourceLimits(defaultLimits);
  const pair = new Pair({ pairId: 'p', players: [alice, bob] }, defaultLimits, misses, nowMs);
  pair.initiation(initiation(alice, 0xb0), asking('bob', second), nowMs);
  const invited = pair.initiation(initiation(bob, a), asking('alice', first), nowMs);
  expect(invited).toEqual(asking('bob', second));
  const answered = pair.response(response(alice, b, a), asking('bob', second), nowMs);
  expect(answered).toEqual(asking('alice', first));
  expect(pair.data(data(a, 0), asking('bob', second), nowMs)).toEqual(asking('alice', first));
  expect(pair.data(data(b, 0), asking('alice', first), nowMs)).toEqual(asking('bob', second));
  return pair;
}

describe('the address that a player asks', () => {
  it('is part of where it is, in what the kernel is told, too', () => {
    const pair = meet();
    for (let counter = 1; counter < 20; counter++) pair.data(data(b, counter), asking('alice', first), nowMs);
    expect(pair.offloadedRoutes()[0]).toEqual({
      from: asking('alice', first),
      index: b,
      to: asking('bob', second),
    });
  });

  it('is followed like a move, by new data and not by late ones', () => {
    const pair = meet();
    const revision = pair.addressRevision;
    pair.data(data(b, 5), asking('alice', first), nowMs);
    pair.data(data(b, 3), asking('alice', second), nowMs);
    expect(pair.data(data(a, 1), asking('bob', second), nowMs)).toEqual(asking('alice', first));
    expect(pair.addressRevision).toBe(revision);
    pair.data(data(b, 6), asking('alice', second), nowMs);
    expect(pair.data(data(a, 2), asking('bob', second), nowMs)).toEqual(asking('alice', second));
    expect(pair.addressRevision).toBeGreaterThan(revision);
  });

  it('is followed by a new handshake', () => {
    const pair = meet();
    expect(pair.initiation(initiation(bob, 0xa2), asking('alice', second), nowMs)).toEqual(
      asking('bob', second),
    );
    expect(pair.response(response(alice, 0xb2, 0xa2), asking('bob', second), nowMs)).toEqual(
      asking('alice', second),
    );
  });

  it('does not make another player of one who asks two', () => {
    const pair = meet();
    expect(pair.data(data(a, 1), asking('alice', second), nowMs)).toBe('unexpected_source');
    expect(pair.initiation(initiation(alice, 0xb3), asking('alice', second), nowMs)).toBe(
      'recipient_unknown',
    );
  });
});
