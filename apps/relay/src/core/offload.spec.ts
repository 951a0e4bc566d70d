/** When the data of a session need not come to user space, and what user space makes of it afterwards. */
import type { SocketAddress } from '#shared/endpoint';
import { data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits, type RelayLimits } from './limits';
import { Pair } from './pair';
import { SourceLimits } from './source-limits';

const [alice, bob] = [testKey(1), testKey(2)];
const at = (address: string): SocketAddress => ({ address, port: 1000 });
const [aliceHome, aliceElsewhere, bobHome] = [at('192.0.2.1'), at('198.51.100.1'), at('192.0.2.2')];
const [a, b] = [0xa1, 0xb1];
const routes = [
  { from: aliceHome, index: b, to: bobHome },
  { from: bobHome, index: a, to: aliceHome },
];

/** A pair whose session carried data both ways, by a clock that only the test moves. */
class World {
  nowMs = 1_000_000;
  counter = 0;
  readonly pair: Pair;

  constructor(limits: Partial<RelayLimits> = {}) {
    const all = { ...defaultLimits, ...limits };
    this.pair = new Pair(
      { pairId: 'p', players: [alice, bob] },
      all,
      new SourceLimits(all).misses,
      this.nowMs,
    );
    this.pair.initiation(initiation(alice, 0xb0), bobHome, this.nowMs);
    expect(this.pair.initiation(initiation(bob, a), aliceHome, this.nowMs)).toEqual(bobHome);
    expect(this.pair.response(response(alice, b, a), bobHome, this.nowMs)).toEqual(aliceHome);
    this.fromBob(1);
  }

  fromAlice(messages: number, source = aliceHome): this {
    for (let sent = 0; sent < messages; sent++) this.pair.data(data(b, this.counter++), source, this.nowMs);
    return this;
  }

  fromBob(messages: number): this {
    for (let sent = 0; sent < messages; sent++) this.pair.data(data(a, this.counter++), bobHome, this.nowMs);
    return this;
  }

  pass(seconds: number): this {
    this.nowMs += seconds * 1000;
    this.pair.expire(this.nowMs);
    return this;
  }
}

describe('a session', () => {
  it('is offloaded when it is confirmed and busy, both directions at once', () => {
    const world = new World().fromBob(100);
    expect(world.pair.offloadedRoutes()).toEqual([]);
    expect(world.fromAlice(1).fromBob(5).pair.offloadedRoutes()).toEqual(routes);
    const quiet = new World().fromAlice(14);
    const before = quiet.pair.offloadRevision;
    expect(quiet.pair.offloadedRoutes()).toEqual([]);
    expect(quiet.fromAlice(1).pair.offloadedRoutes()).toEqual(routes);
    expect(quiet.pair.offloadRevision).not.toBe(before);
  });

  it('comes back when a player moves, and goes again from the new address, but not at once', () => {
    const world = new World().fromAlice(16);
    const before = world.pair.offloadRevision;
    world.fromAlice(1, aliceElsewhere);
    expect(world.pair.offloadRevision).not.toBe(before);
    world.fromAlice(100, aliceElsewhere);
    expect(world.pair.offloadedRoutes()).toEqual([]);
    expect(world.pass(1).fromAlice(1, aliceElsewhere).pair.offloadedRoutes()).toEqual([
      { from: aliceElsewhere, index: b, to: bobHome },
      { from: bobHome, index: a, to: aliceElsewhere },
    ]);
  });

  it('moves only for a counter above all that can have passed in the kernel', () => {
    const world = new World().fromAlice(16);
    const seen = world.counter;
    world.pair.countOffloaded(b, 100, 3200, world.nowMs);
    const replayed = data(b, seen + 50);
    expect(world.pair.data(replayed, aliceElsewhere, world.nowMs)).toEqual(bobHome);
    expect(world.pair.offloadedRoutes()).toEqual(routes);
    world.pair.data(data(b, seen + 100), aliceElsewhere, world.nowMs);
    expect(world.pair.offloadedRoutes()).toEqual([]);
  });

  it('stays alive on the counts of the kernel, and comes back when nothing passes any more', () => {
    const world = new World().fromAlice(16);
    for (let minute = 0; minute < 60; minute++) {
      world.pair.countOffloaded(a, 1, 32, world.nowMs);
      world.pass(19);
    }
    expect(world.pair.offloadedRoutes()).toEqual(routes);
    expect(world.pass(2).pair.offloadedRoutes()).toEqual([]);
    expect(world.pair.memory.sessions).toBe(1);
    expect(world.pass(190).pair.memory.sessions).toBe(0);
  });

  describe('with data one way alone', () => {
    const minutes = (world: World, answers: (second: number) => void) => {
      for (let second = 1; second <= 60; second++) {
        world.pass(1).pair.countOffloaded(b, 1000, 1_000_000, world.nowMs);
        answers(second);
      }
      return world.pass(0).pair.offloadedRoutes();
    };

    it('stays away while WireGuard answers with its keepalives, of which one may be lost', () => {
      const world = new World().fromAlice(16);
      const answers = (second: number) => {
        if (second % 10 === 0 && second !== 30) world.pair.countOffloaded(a, 1, 32, world.nowMs);
      };
      expect(minutes(world, answers)).toEqual(routes);
    });

    it('comes back when nobody answers, and goes again when somebody does', () => {
      const world = new World().fromAlice(16);
      expect(minutes(world, () => undefined)).toEqual([]);
      for (let second = 0; second < 20; second++) {
        expect(world.pass(1).fromAlice(1).pair.offloadedRoutes()).toEqual([]);
      }
      expect(world.fromBob(1).fromAlice(16).pair.offloadedRoutes()).toEqual(routes);
    });

    it('comes back when it is nothing but many keepalives', () => {
      const world = new World().fromAlice(16);
      for (let second = 1; second <= 30; second++)
        world.pass(1).pair.countOffloaded(b, 100, 3200, world.nowMs);
      expect(world.pass(0).pair.offloadedRoutes()).toEqual([]);
    });
  });

  it('forwards late what passed neither here nor in the kernel, and nothing twice', () => {
    const world = new World().fromAlice(16);
    world.pair.countOffloaded(b, 5000, 160_000, world.nowMs);
    const deliver = (counter: number) => world.pair.data(data(b, counter), aliceHome, world.nowMs);
    for (const counter of [5000, 200_000, 4900, 150_000]) {
      expect(deliver(counter)).toEqual(bobHome);
      expect(deliver(counter)).toBe('repeated');
    }
    expect(deliver(1)).toBe('repeated');
  });

  it('comes back when its keys die', () => {
    const world = new World().fromAlice(16);
    const before = world.pair.offloadRevision;
    world.pass(191);
    expect(world.pair.offloadRevision).not.toBe(before);
    expect(world.pair.offloadedRoutes()).toEqual([]);
  });

  it.each([
    ['packets for half a second', { pairPackets: { perSecond: 100, burst: 200 } }, 200 - 17 + 50, 0, 10],
    ['packets for three seconds', { pairPackets: { perSecond: 100, burst: 200 } }, 200 - 17 + 300, 0, 30],
    ['bytes for 5 seconds', { pairBytes: { perSecond: 1000, burst: 100_000 } }, 0, 105_000 - 17 * 32, 50],
  ])(
    'comes back for ten seconds or more when it carried too many %s',
    (_, limits, packets, bytes, seconds) => {
      const world = new World(limits).fromAlice(16);
      expect(world.pair.offloadedRoutes()).toEqual(routes);
      world.pair.countOffloaded(b, packets, bytes, world.nowMs);
      expect(world.pair.offloadedRoutes()).toEqual([]);
      expect(world.pair.data(data(b, 1_000_000), aliceHome, world.nowMs)).toBe('pair_traffic_limited');
      expect(
        world
          .pass(seconds - 1)
          .fromAlice(20)
          .pair.offloadedRoutes(),
      ).toEqual([]);
      expect(world.pass(1).fromBob(1).fromAlice(20).pair.offloadedRoutes()).toEqual(routes);
    },
  );

  it('is no way around what another one of the pair carried too much of', () => {
    const world = new World({ pairPackets: { perSecond: 100, burst: 200 } }).fromAlice(16);
    const [otherA, otherB] = [0xa2, 0xb2];
    expect(world.pair.initiation(initiation(bob, otherA), aliceHome, world.nowMs)).toEqual(bobHome);
    world.pair.response(response(alice, otherB, otherA), bobHome, world.nowMs);
    world.pair.countOffloaded(b, 300, 0, world.nowMs);
    world.pass(5);
    for (let counter = 0; counter < 40; counter++)
      world.pair.data(data(otherB, counter), aliceHome, world.nowMs);
    expect(world.pair.offloadedRoutes()).toEqual([]);
  });

  it('counts for the limits of its pair also when it is gone', () => {
    const world = new World({ pairPackets: { perSecond: 100, burst: 200 } }).fromAlice(16);
    world.pair.countOffloaded(0xdead, 300, 0, world.nowMs);
    expect(world.pair.offloadedRoutes()).toEqual([]);
  });

  it('stays away at its full rate, of which the kernel tells once in a while', () => {
    const world = new World({ pairPackets: { perSecond: 100, burst: 50 } }).fromAlice(16);
    for (const seconds of [1, 5, 1, 10, 1]) {
      world.pass(seconds).pair.countOffloaded(b, 100 * seconds, 0, world.nowMs);
      expect(world.pair.offloadedRoutes()).toEqual(routes);
    }
    world.pass(1).pair.countOffloaded(b, 160, 0, world.nowMs);
    expect(world.pair.offloadedRoutes()).toEqual([]);
  });
});
