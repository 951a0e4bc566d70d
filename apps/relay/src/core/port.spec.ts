import type { SocketAddress } from '#shared/endpoint';
import { cookieReply, data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits, type RelayLimits } from './limits';
import { Pair } from './pair';
import { Port } from './port';
import { SourceLimits } from './source-limits';

const alice = testKey(1);
const bob = testKey(2);
const at = (address: string, port = 1000): SocketAddress => ({ address, port });
const aliceHome = at('192.0.2.1');
const aliceElsewhere = at('198.51.100.1');
const bobHome = at('192.0.2.2');
const mallory = at('203.0.113.1');

/** A port with the pair Alice and Bob, and a clock that only the test moves. */
class World {
  nowMs = 1_000_000;
  readonly pair: Pair;
  readonly port: Port;

  constructor(limits: Partial<RelayLimits> = {}) {
    const all = { ...defaultLimits, ...limits };
    const sources = new SourceLimits(all);
    this.pair = new Pair({ pairId: 'p', players: [alice, bob] }, all, sources.misses, this.nowMs);
    this.port = new Port([this.pair], sources);
  }

  send(source: SocketAddress, datagram: Buffer) {
    return this.port.receive(datagram, source, this.nowMs);
  }

  pass(seconds: number): this {
    this.nowMs += seconds * 1000;
    this.pair.expire(this.nowMs);
    return this;
  }

  /** Bob becomes known, Alice initiates with index `a`, Bob answers with index `b`. */
  handshake(a = 0xa1, b = 0xb1, aliceAt = aliceHome, bobAt = bobHome): this {
    this.send(bobAt, initiation(alice, b + 0x1000_0000));
    expect(this.send(aliceAt, initiation(bob, a))).toEqual(bobAt);
    expect(this.send(bobAt, response(alice, b, a))).toEqual(aliceAt);
    return this;
  }

  /** As {@link handshake}, then data both ways. */
  confirmed(a = 0xa1, b = 0xb1, aliceAt = aliceHome, bobAt = bobHome): this {
    this.handshake(a, b, aliceAt, bobAt);
    expect(this.send(aliceAt, data(b, 0))).toEqual(bobAt);
    expect(this.send(bobAt, data(a, 0))).toEqual(aliceAt);
    return this;
  }
}

describe('a handshake', () => {
  it('is dropped, not held, while the other player is unknown, and makes its sender known', () => {
    const world = new World();
    expect(world.send(aliceHome, initiation(bob, 0xa1))).toBe('recipient_unknown');
    expect(world.pair.nextReleaseAtMs).toBeUndefined();
    expect(world.send(bobHome, initiation(alice, 0xb1))).toEqual(aliceHome);
  });

  it('is forwarded both ways and makes a session that routes data by its indices', () => {
    const world = new World().handshake(0xa1, 0xb1);
    expect(world.send(aliceHome, data(0xb1, 0))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 0, 1452))).toEqual(aliceHome);
    expect(world.port.stats).toMatchObject({
      handshakes: 1,
      forwardedPackets: 4,
      forwardedBytes: 148 + 92 + 32 + 1452,
    });
  });

  it('from port 0, to which no answer could be sent, makes nobody known', () => {
    const world = new World();
    expect(world.send(at('192.0.2.1', 0), initiation(bob, 0xa1))).toBe('malformed');
    expect(world.send(bobHome, initiation(alice, 0xb1))).toBe('recipient_unknown');
  });

  it('for neither player is dropped', () => {
    const world = new World();
    expect(world.send(aliceHome, initiation(testKey(3), 1))).toBe('wrong_mac1');
    expect(world.port.stats.drops.wrong_mac1).toBe(1);
  });

  it('is answered only by an initiation that was forwarded, from where it went, once, and for its sender', () => {
    const world = new World();
    world.send(bobHome, initiation(alice, 0xb0));
    expect(world.send(aliceHome, initiation(bob, 0xa1))).toEqual(bobHome);
    expect(world.send(bobHome, response(alice, 0xb1, 0xa2))).toBe('unknown_index');
    expect(world.send(mallory, response(alice, 0xb1, 0xa1))).toBe('unexpected_source');
    expect(world.send(bobHome, response(bob, 0xb1, 0xa1))).toBe('wrong_mac1');
    expect(world.send(bobHome, response(alice, 0xa1, 0xa1))).toBe('index_in_use');
    expect(world.send(bobHome, response(alice, 0xb1, 0xa1))).toEqual(aliceHome);
    expect(world.send(bobHome, response(alice, 0xb2, 0xa1))).toBe('unknown_index');
  });

  it('that is repeated by the network goes nowhere', () => {
    const world = new World().handshake(0xa1, 0xb1);
    expect(world.send(aliceHome, initiation(bob, 0xa1))).toBe('index_in_use');
    world.send(aliceHome, initiation(bob, 0xa2));
    expect(world.send(aliceHome, initiation(bob, 0xa2))).toBe('index_in_use');
  });

  it('is too late after six seconds', () => {
    const world = new World();
    world.send(bobHome, initiation(alice, 0xb0));
    world.send(aliceHome, initiation(bob, 0xa1));
    expect(world.pass(7).send(bobHome, response(alice, 0xb1, 0xa1))).toBe('unknown_index');
  });

  it('of a player with itself does not come about', () => {
    const world = new World();
    world.send(mallory, initiation(alice, 1));
    expect(world.send(mallory, initiation(bob, 2))).toBe('recipient_unknown');
  });
});

describe('cookie replies', () => {
  it('go to who sent the initiation or the response, when they come from who got it', () => {
    const world = new World();
    world.send(bobHome, initiation(alice, 0xb0));
    world.send(aliceHome, initiation(bob, 0xa1));
    expect(world.send(mallory, cookieReply(0xa1))).toBe('unexpected_source');
    expect(world.send(bobHome, cookieReply(0xa1))).toEqual(aliceHome);
    expect(world.send(bobHome, cookieReply(0xa1))).toBe('repeated');
    world.send(bobHome, response(alice, 0xb1, 0xa1));
    expect(world.send(aliceHome, cookieReply(0xb1))).toEqual(bobHome);
    expect(world.send(aliceHome, cookieReply(0xb1))).toBe('repeated');
    expect(world.send(mallory, cookieReply(0xb1))).toBe('unexpected_source');
    expect(world.send(bobHome, cookieReply(0xff))).toBe('unknown_index');
  });
});

describe('a player who moves', () => {
  it('is followed with the first data message that counts up', () => {
    const world = new World().confirmed();
    expect(world.send(aliceElsewhere, data(0xb1, 1))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(aliceElsewhere);
    expect(world.pair.observedAddresses()).toEqual([aliceElsewhere, bobHome]);
  });

  it('is not thrown back by what was still on the way', () => {
    const world = new World().confirmed();
    world.send(aliceElsewhere, data(0xb1, 3));
    expect(world.send(aliceHome, data(0xb1, 2))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(aliceElsewhere);
  });

  it('is not moved by a repeated message', () => {
    const world = new World().confirmed();
    world.send(aliceHome, data(0xb1, 7));
    world.send(mallory, data(0xb1, 7));
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(aliceHome);
  });

  it('is not moved in a session that is not confirmed', () => {
    const world = new World().handshake();
    expect(world.send(aliceElsewhere, data(0xb1, 1))).toBe('unexpected_source');
    expect(world.send(bobHome, data(0xa1, 0))).toEqual(aliceHome);
  });

  it('wins the address back from a wiretapper who counted ahead', () => {
    const world = new World().confirmed();
    world.send(mallory, data(0xb1, 2 ** 60));
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(mallory);
    expect(world.pass(2).send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 2))).toEqual(aliceHome);
  });

  it('wins it back also when the wiretapper moves on, as long as the player counts up', () => {
    const world = new World().confirmed();
    for (const [place, address] of [mallory, at('203.0.113.2'), mallory].entries()) {
      world.send(address, data(0xb1, 2 ** 50 + place));
      world.pass(0.4).send(aliceHome, data(0xb1, 1 + place));
    }
    expect(world.send(bobHome, data(0xa1, 2))).toEqual(aliceHome);
  });

  it('is still found for the next handshake, and keeps its confirmation', () => {
    const world = new World().confirmed();
    world.send(aliceElsewhere, data(0xb1, 1));
    world.pass(120);
    expect(world.send(bobHome, initiation(alice, 0xb2))).toEqual(aliceElsewhere);
    expect(world.send(aliceElsewhere, response(bob, 0xa2, 0xb2))).toEqual(bobHome);
    expect(world.send(aliceHome, data(0xb2, 0))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa2, 0))).toEqual(aliceHome);
  });
});

describe('observed addresses', () => {
  it('are reported only of sessions that carried data both ways', () => {
    const world = new World().handshake();
    expect(world.pair.observedAddresses()).toEqual([undefined, undefined]);
    world.send(aliceHome, data(0xb1, 0));
    expect(world.pair.observedAddresses()).toEqual([undefined, undefined]);
    expect(world.pair.addressRevision).toBe(0);
    world.send(bobHome, data(0xa1, 0));
    expect(world.pair.observedAddresses()).toEqual([aliceHome, bobHome]);
    expect(world.pair.addressRevision).toBe(1);
  });
});

describe('glare', () => {
  const known = () => new World().confirmed().pass(30);

  it('keeps the second initiation back, and drops it when the first one was answered', () => {
    const world = known();
    expect(world.send(aliceHome, initiation(bob, 0xa2))).toEqual(bobHome);
    expect(world.send(bobHome, initiation(alice, 0xb2))).toBe('held');
    expect(world.send(bobHome, response(alice, 0xb3, 0xa2))).toEqual(aliceHome);
    world.pass(0.5);
    expect(world.port.release(world.nowMs)).toEqual([
      { datagram: initiation(alice, 0xb2), verdict: 'glare' },
    ]);
    expect(world.port.release(world.nowMs)).toEqual([]);
  });

  it('lets the second initiation out after 500 ms when the first one got lost', () => {
    const world = known();
    world.send(aliceHome, initiation(bob, 0xa2));
    world.send(bobHome, initiation(alice, 0xb2));
    expect(world.port.nextReleaseAtMs).toBe(world.nowMs + 500);
    expect(world.pass(0.499).port.release(world.nowMs)).toEqual([]);
    world.pass(0.001);
    expect(world.port.release(world.nowMs)).toEqual([
      { datagram: initiation(alice, 0xb2), verdict: aliceHome },
    ]);
    expect(world.send(aliceHome, response(bob, 0xa3, 0xb2))).toEqual(bobHome);
  });

  it('does not touch an initiation that comes later', () => {
    const world = known();
    world.send(aliceHome, initiation(bob, 0xa2));
    expect(world.pass(0.5).send(bobHome, initiation(alice, 0xb2))).toEqual(aliceHome);
  });

  it('cannot be feigned by a stranger', () => {
    const world = known();
    expect(world.send(mallory, initiation(bob, 0xe1))).toEqual(bobHome);
    expect(world.send(bobHome, initiation(alice, 0xb2))).toEqual(aliceHome);
  });

  it('keeps a copy, for the datagram belongs to the caller', () => {
    const world = known();
    world.send(aliceHome, initiation(bob, 0xa2));
    const datagram = initiation(alice, 0xb2);
    world.send(bobHome, datagram);
    datagram.fill(0);
    world.pass(1);
    expect(world.port.release(world.nowMs)[0]?.datagram).toEqual(initiation(alice, 0xb2));
  });

  it('keeps back no more than four', () => {
    const world = known();
    world.send(aliceHome, initiation(bob, 0xa2));
    const verdicts = [1, 2, 3, 4, 5].map((index) => world.send(bobHome, initiation(alice, index)));
    expect(verdicts).toEqual(['held', 'held', 'held', 'held', 'glare']);
  });
});

describe('a forger who knows both public keys', () => {
  it('interrupts no session with a forged initiation and its answer', () => {
    const world = new World().confirmed();
    expect(world.send(mallory, initiation(bob, 0xe1))).toEqual(bobHome);
    expect(world.send(mallory, response(alice, 0xe2, 0xe1))).toBe('unexpected_source');
    expect(world.send(at('203.0.113.2'), response(bob, 0xe2, 0xe1))).toBe('unexpected_source');
    expect(world.send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(aliceHome);
    expect(world.pair.observedAddresses()).toEqual([aliceHome, bobHome]);
  });

  it('does not divert the rekeying of two players, though it holds a session with itself', () => {
    const world = new World();
    const [one, other] = [at('203.0.113.1'), at('203.0.113.2')];
    world.confirmed(0xe1, 0xe2, one, other);
    world.pass(10);
    // The first contact of the real players is misled, the retries are not.
    expect(world.send(aliceHome, initiation(bob, 0xa1))).toEqual(other);
    expect(world.send(bobHome, initiation(alice, 0xb0))).toEqual(one);
    world.pass(5);
    expect(world.send(aliceHome, initiation(bob, 0xa2))).toEqual(bobHome);
    expect(world.send(bobHome, response(alice, 0xb2, 0xa2))).toEqual(aliceHome);
    world.send(aliceHome, data(0xb2, 0));
    world.send(bobHome, data(0xa2, 0));
    for (let round = 1; round < 20; round++) {
      world.pass(60);
      expect(world.send(one, data(0xe2, round))).toEqual(other);
      expect(world.send(other, data(0xe1, round))).toEqual(one);
      expect(world.send(aliceHome, initiation(bob, 0xa00 + round))).toEqual(bobHome);
      expect(world.send(bobHome, response(alice, 0xb00 + round, 0xa00 + round))).toEqual(aliceHome);
      expect(world.send(aliceHome, data(0xb00 + round, 0))).toEqual(bobHome);
      expect(world.send(bobHome, data(0xa00 + round, 0))).toEqual(aliceHome);
    }
  });

  it('takes nothing from the rate of players in their sessions', () => {
    const world = new World().confirmed();
    for (let index = 0; index < 5000; index++) {
      world.send(at(`203.0.113.${index % 250}`), initiation(bob, 0x10_0000 + index));
    }
    const { pair_handshakes_limited: byPair, port_handshakes_limited: byPort } = world.port.stats.drops;
    // Half of what a port tries for strangers is not for those who have failed.
    expect(byPair).toBeGreaterThan(400);
    expect(byPair + byPort).toBeGreaterThan(4900);
    expect(world.send(aliceHome, initiation(bob, 0xa2))).toEqual(bobHome);
  });

  it('at the first contact costs the players retries, not the game', () => {
    const world = new World();
    const forgers = ['203.0.113.1', '203.0.113.2', '203.0.113.3'].map((address) => at(address));
    let index = 0;
    const met = Array.from({ length: 20 }).some(() => {
      for (const forger of forgers) {
        world.send(forger, initiation(alice, ++index));
        world.send(forger, initiation(bob, ++index));
      }
      world.send(bobHome, initiation(alice, ++index));
      const destination = world.send(aliceHome, initiation(bob, ++index));
      world.pass(5);
      return typeof destination === 'object' && destination.address === bobHome.address;
    });
    expect(met).toBe(true);
  });
});

describe('a forger with one machine and ever new ports', () => {
  /** In three minutes: sessions of its own that stay in use, and an address that is new before each retry. */
  const besieged = () => {
    const world = new World();
    const sessions: { a: SocketAddress; b: SocketAddress; toA: number; toB: number; counter: number }[] = [];
    let index = 0;
    const round = (number: number) => {
      const [a, b] = [at(mallory.address, 2000 + number), at(mallory.address, 3000 + number)];
      world.send(b, initiation(alice, ++index));
      const toA = ++index;
      const forwarded = world.send(a, initiation(bob, toA));
      if (typeof forwarded === 'object' && forwarded.address === mallory.address) {
        const toB = ++index;
        const answered = world.send(forwarded, response(alice, toB, toA));
        if (typeof answered === 'object') sessions.push({ a, b: forwarded, toA, toB, counter: 0 });
      }
      for (const one of sessions) {
        world.send(one.a, data(one.toB, one.counter));
        world.send(one.b, data(one.toA, one.counter++));
      }
      world.pass(5);
    };
    for (let number = 0; number < 36; number++) round(number);
    return { world, round };
  };

  it('does not keep two players from meeting', () => {
    const { world, round } = besieged();
    const met = Array.from({ length: 24 }).some((_, retry) => {
      round(100 + retry);
      const forwarded = world.send(bobHome, initiation(alice, 0xb000 + retry));
      world.send(aliceHome, initiation(bob, 0xa000 + retry));
      if (typeof forwarded !== 'object' || forwarded.address !== aliceHome.address) return false;
      return typeof world.send(aliceHome, response(bob, 0xc000 + retry, 0xb000 + retry)) === 'object';
    });
    expect(met).toBe(true);
  });

  it('grows no table beyond its bound', () => {
    const { world, round } = besieged();
    for (let number = 100; number < 1000; number++) round(number);
    const { sessions, sent, initiators, tried } = world.pair.memory;
    expect([sessions <= 24, sent <= 128, initiators, tried <= 4]).toEqual([true, true, 2, true]);
  });
});

describe('data', () => {
  it('is not sent back to whoever it is for', () => {
    const world = new World().confirmed();
    expect(world.send(aliceHome, data(0xa1, 5))).toBe('unexpected_source');
    expect(world.send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
    expect(world.send(bobHome, data(0xa1, 1))).toEqual(aliceHome);
  });

  it('passes once, from wherever it comes, and costs the pair nothing when it comes again', () => {
    const world = new World({ pairPackets: { perSecond: 0, burst: 5 } }).confirmed();
    expect(world.send(aliceHome, data(0xb1, 5))).toEqual(bobHome);
    for (const source of [aliceHome, aliceElsewhere, mallory]) {
      expect(world.send(source, data(0xb1, 5))).toBe('repeated');
    }
    expect(world.send(aliceElsewhere, data(0xb1, 4))).toEqual(bobHome);
    expect(world.send(aliceHome, data(0xb1, 4))).toBe('repeated');
    expect(world.send(bobHome, data(0xa1, 4))).toEqual(aliceHome);
    expect(world.send(bobHome, data(0xa1, 5))).toBe('pair_traffic_limited');
  });

  it('that a wiretapper repeats is no sign of life', () => {
    const world = new World().confirmed();
    world.send(aliceHome, data(0xb1, 1));
    world.pass(170).send(aliceHome, data(0xb1, 1));
    expect(world.pass(30).pair.memory.sessions).toBe(0);
  });
});

describe('limits', () => {
  it('hold the traffic of a pair', () => {
    const world = new World({ pairPackets: { perSecond: 1, burst: 3 } }).handshake();
    const verdicts = [0, 1, 2, 3].map((counter) => world.send(aliceHome, data(0xb1, counter)));
    expect(verdicts).toEqual([bobHome, bobHome, bobHome, 'pair_traffic_limited']);
  });

  it('hold the bytes of a pair', () => {
    const world = new World({ pairBytes: { perSecond: 1000, burst: 2000 } }).handshake();
    const verdicts = [0, 1, 2].map((counter) => world.send(aliceHome, data(0xb1, counter, 1000)));
    expect(verdicts).toEqual([bobHome, bobHome, 'pair_traffic_limited']);
    expect(world.pass(1).send(aliceHome, data(0xb1, 3, 1000))).toEqual(bobHome);
  });

  it('hold the guessing of indices, and then a lucky guess moves nobody', () => {
    const world = new World({ sourceMisses: { perSecond: 1, burst: 3 } }).confirmed();
    const verdicts = [1, 2, 3, 4].map((index) => world.send(mallory, data(index, 9)));
    expect(verdicts).toEqual(['unknown_index', 'unknown_index', 'unknown_index', 'source_guesses_limited']);
    expect(world.send(mallory, data(0xb1, 9))).toBe('unexpected_source');
    expect(world.send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
  });

  it('hold the initiations of one source over all ports, but for players in their sessions', () => {
    const world = new World({ sourceInitiations: { perSecond: 0, burst: 3 } }).confirmed();
    const neighbour = at(aliceHome.address, 2000);
    const verdicts = [1, 2, 3].map((index) => world.send(neighbour, initiation(testKey(9), index)));
    expect(verdicts).toEqual(['wrong_mac1', 'wrong_mac1', 'source_handshakes_limited']);
    expect(world.send(aliceHome, initiation(bob, 0xa2))).toEqual(bobHome);
  });
});

describe('memory', () => {
  it('forgets sessions whose keys are dead', () => {
    const world = new World().confirmed();
    expect(world.pass(189).send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
    expect(world.pass(191).send(aliceHome, data(0xb1, 2))).toBe('unknown_index');
    expect(world.pair.memory).toMatchObject({ sessions: 0, sent: 0, held: 0 });
  });

  it('keeps the sessions that a rekey needs, and the one in use longest', () => {
    const world = new World().confirmed(0xa1, 0xb1);
    for (let lost = 2; lost < 8; lost++) {
      world.pass(5);
      world.send(aliceHome, initiation(bob, 0xa0 + lost));
      expect(world.send(bobHome, response(alice, 0xb0 + lost, 0xa0 + lost))).toEqual(aliceHome);
    }
    expect(world.pair.memory.sessions).toBe(4);
    expect(world.send(aliceHome, data(0xb1, 1))).toEqual(bobHome);
    expect(world.send(aliceHome, data(0xb7, 0))).toEqual(bobHome);
    expect(world.send(aliceHome, data(0xb4, 0))).toBe('unknown_index');
  });
});
