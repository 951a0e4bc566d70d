/** Several pairs on one port: who is meant, who may join, and what strangers can cost. */
import type { SocketAddress } from '#shared/endpoint';
import { data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits } from './limits';
import { Pair } from './pair';
import { maxPairsPerPort, Port } from './port';
import { SourceLimits } from './source-limits';
import type { Verdict } from './verdict';

const [alice, bob, carol, dave] = [testKey(1), testKey(2), testKey(3), testKey(4)];
const at = (address: string): SocketAddress => ({ address, port: 1000 });
const [aliceHome, bobHome] = [at('192.0.2.1'), at('192.0.2.2')];
const [carolHome, daveHome] = [at('192.0.2.3'), at('192.0.2.4')];

/** Alice with Bob and Carol with Dave, nobody known yet. */
function twoPairs(limits = defaultLimits) {
  const sources = new SourceLimits(limits);
  const ab = new Pair({ pairId: 'ab', players: [alice, bob] }, limits, sources.misses, 0);
  const cd = new Pair({ pairId: 'cd', players: [carol, dave] }, limits, sources.misses, 0);
  const port = new Port([ab, cd], sources);
  const send = (source: SocketAddress, datagram: Buffer, nowMs = 0): Verdict =>
    port.receive(datagram, source, nowMs);
  return { port, ab, cd, send };
}

/** As {@link twoPairs}, with Carol (0xc1) and Dave (0xd1) in a session that carried data both ways. */
function playing(limits = defaultLimits) {
  const world = twoPairs(limits);
  world.send(daveHome, initiation(carol, 0xd0));
  expect(world.send(carolHome, initiation(dave, 0xc1))).toEqual(daveHome);
  expect(world.send(daveHome, response(carol, 0xd1, 0xc1))).toEqual(carolHome);
  expect(world.send(carolHome, data(0xd1, 0))).toEqual(daveHome);
  expect(world.send(daveHome, data(0xc1, 0))).toEqual(carolHome);
  return world;
}

describe('a port with several pairs', () => {
  it('finds the pair by mac1 and by index', () => {
    const { port, ab, cd, send } = playing();
    expect(port.concerned).toBe(cd);
    send(bobHome, initiation(alice, 0xb0));
    expect(send(aliceHome, initiation(bob, 0xa1))).toEqual(bobHome);
    expect(port.concerned).toBe(ab);
    expect(send(carolHome, data(0xe1, 0))).toBe('unknown_index');
    expect(port.concerned).toBeUndefined();
    expect(send(aliceHome, initiation(testKey(5), 0xa2))).toBe('wrong_mac1');
    expect(port.concerned).toBeUndefined();
  });

  it('gives nobody an index that another pair has', () => {
    const { send } = playing();
    send(bobHome, initiation(alice, 0xb0));
    expect(send(aliceHome, initiation(bob, 0xd1))).toBe('index_in_use');
    expect(send(aliceHome, initiation(bob, 0xa1))).toEqual(bobHome);
    expect(send(bobHome, response(alice, 0xc1, 0xa1))).toBe('index_in_use');
    expect(send(bobHome, response(alice, 0xb1, 0xa1))).toEqual(aliceHome);
    expect(send(daveHome, data(0xc1, 1))).toEqual(carolHome);
  });

  it('takes pairs whose players it has not, as many as there is room for', () => {
    const { port, cd } = playing();
    const mayJoin = (...players: [typeof alice, typeof alice]) => port.canTake({ pairId: 'new', players });
    expect(mayJoin(carol, testKey(6))).toBe(false);
    expect(mayJoin(testKey(6), alice)).toBe(false);
    expect(mayJoin(testKey(5), testKey(6))).toBe(true);
    port.delete(cd);
    expect(mayJoin(carol, testKey(6))).toBe(true);
    for (let number = 1; number < maxPairsPerPort; number++) {
      const identity = {
        pairId: `${number}`,
        players: [testKey(number * 10), testKey(number * 10 + 1)],
      } as const;
      expect(port.canTake(identity)).toBe(true);
      port.add(new Pair(identity, defaultLimits, new SourceLimits(defaultLimits).misses, 0));
    }
    expect(mayJoin(carol, testKey(6))).toBe(false);
  });

  it('knows nothing of a pair that left', () => {
    const { port, cd, send } = playing();
    port.delete(cd);
    expect(send(daveHome, data(0xc1, 1))).toBe('unknown_index');
    expect(send(daveHome, initiation(carol, 0xd2))).toBe('wrong_mac1');
  });

  it('lets no flood of strangers keep players from rekeying', () => {
    const limits = {
      ...defaultLimits,
      strangersPerPort: { perSecond: 10, burst: 20 },
      sourceInitiations: { perSecond: 1e9, burst: 1e9 },
    };
    const { port, send } = playing(limits);
    const flood = Array.from({ length: 1000 }, (_, number) =>
      send(at(`198.51.100.${number % 250}`), initiation(testKey(9), number)),
    );
    // Each costs a try for either pair; the three initiations of the players took one, one and two.
    expect(flood.filter((verdict) => verdict === 'wrong_mac1').length).toBeLessThanOrEqual(10);
    expect(flood.at(-1)).toBe('port_handshakes_limited');
    expect(send(carolHome, initiation(dave, 0xc2))).toEqual(daveHome);
    expect(send(aliceHome, initiation(bob, 0xa1))).toBe('port_handshakes_limited');
    expect(send(aliceHome, initiation(bob, 0xa1), 1000)).toBe('recipient_unknown');
    expect(port.stats.drops.port_handshakes_limited).toBeGreaterThan(980);
  });

  it('lets a flood of one port leave the others their share, and floods of all ports no more than the relay has', () => {
    const limits = {
      ...defaultLimits,
      strangersPerPort: { perSecond: 10, burst: 10 },
      strangersPerRelay: { perSecond: 15, burst: 15 },
    };
    const sources = new SourceLimits(limits);
    const [first, second] = [0, 1].map((place) => {
      const players = [testKey(2 * place + 1), testKey(2 * place + 2)] as const;
      return new Port([new Pair({ pairId: `${place}`, players }, limits, sources.misses, 0)], sources);
    });
    const flood = (port: Port | undefined) =>
      Array.from({ length: 20 }, (_, number) =>
        port?.receive(initiation(testKey(9), number), at(`198.51.100.${number}`), 0),
      );
    const tried = (verdicts: readonly unknown[]) =>
      verdicts.filter((verdict) => verdict === 'wrong_mac1').length;
    const [onFirst, onSecond] = [flood(first), flood(second)];
    expect([tried(onFirst), onFirst.at(-1)]).toEqual([10, 'port_handshakes_limited']);
    expect(tried(onSecond)).toBe(5);
    expect(second?.stats.drops.relay_handshakes_limited).toBe(15);
  });
});
