/** What reaches somebody who sends nothing, or nothing any more. */
import type { SocketAddress } from '#shared/endpoint';
import { cookieReply, data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits } from './limits';
import { Pair } from './pair';
import { SourceLimits } from './source-limits';

const [alice, bob] = [testKey(1), testKey(2)];
const at = (address: string): SocketAddress => ({ address, port: 1000 });
const [aliceHome, bobHome, elsewhere] = [at('192.0.2.1'), at('192.0.2.2'), at('203.0.113.1')];

/** A pair, and a clock that only the test moves. */
class World {
  nowMs = 1_000_000;
  readonly pair = new Pair(
    { pairId: 'p', players: [alice, bob] },
    defaultLimits,
    new SourceLimits(defaultLimits).misses,
    this.nowMs,
  );
  #counter = 0;

  /** Alice initiates with index `a`, Bob answers with index `b`. */
  handshake(a = 0xa1, b = 0xb1): this {
    if (a === 0xa1) this.pair.initiation(initiation(alice, 0xb0), bobHome, this.nowMs);
    expect(this.pair.initiation(initiation(bob, a), aliceHome, this.nowMs)).toEqual(bobHome);
    expect(this.pair.response(response(alice, b, a), bobHome, this.nowMs)).toEqual(aliceHome);
    return this;
  }

  fromAlice(index = 0xb1, bytes = 1000) {
    return this.pair.data(data(index, this.#counter++, bytes), aliceHome, this.nowMs);
  }

  fromBob(index = 0xa1, source = bobHome): this {
    expect(this.pair.data(data(index, this.#counter++), source, this.nowMs)).toEqual(aliceHome);
    return this;
  }

  confirmed(): this {
    expect(this.handshake().fromAlice()).toEqual(bobHome);
    return this.fromBob();
  }

  pass(seconds: number): this {
    this.nowMs += seconds * 1000;
    this.pair.expire(this.nowMs);
    return this;
  }

  /** How many of 200 data messages for Bob are forwarded. */
  flood(index = 0xb1, bytes = 1000): number {
    const verdicts = Array.from({ length: 200 }, () => this.fromAlice(index, bytes));
    return verdicts.filter((verdict) => typeof verdict === 'object').length;
  }
}

describe('somebody who sends nothing', () => {
  it('gets ten datagrams of a handshake at once, and one a second', () => {
    const world = new World().handshake();
    expect(world.flood()).toBe(10);
    expect(world.fromAlice()).toBe('recipient_unproven');
    expect(world.pass(3).flood()).toBe(3);
  });

  it('gets all from the first data on that come from there', () => {
    const world = new World().handshake();
    world.flood();
    expect(world.fromBob().flood()).toBe(200);
  });

  it.each([1000, 32])('gets datagrams of %s bytes for 25 seconds after having sent something', (bytes) => {
    const world = new World().confirmed();
    expect(world.flood(0xb1, bytes)).toBe(200);
    expect(world.pass(25).flood(0xb1, bytes)).toBe(200);
    expect(world.pass(0.1).flood(0xb1, bytes)).toBe(10);
  });

  it('is not held for silent while nobody sends there, nor for not answering keepalives', () => {
    const world = new World().confirmed();
    for (let sent = 1; sent < 7; sent++) expect(world.pass(25).fromAlice(0xb1, 32)).toEqual(bobHome);
    expect(world.flood()).toBe(200);
  });

  it('gets next to nothing where somebody seems to have moved to, until more comes from there', () => {
    const world = new World().confirmed().fromBob(0xa1, elsewhere);
    expect(world.fromAlice()).toEqual(elsewhere);
    expect(world.flood()).toBe(9);
    expect(world.fromBob(0xa1, elsewhere).flood()).toBe(200);
  });

  it('is known again in the next session of the two, if it was before', () => {
    const world = new World().confirmed();
    world.flood();
    expect(world.pass(60).handshake(0xa2, 0xb2).flood(0xb2)).toBe(200);
    expect(new World().handshake().pass(5).handshake(0xa2, 0xb2).flood(0xb2)).toBe(10);
  });

  it('gets one cookie reply for each message that it seems to have sent', () => {
    const world = new World().handshake();
    const replies = Array.from({ length: 50 }, () =>
      world.pair.cookieReply(cookieReply(0xb1), aliceHome, world.nowMs),
    );
    expect(replies.filter((verdict) => verdict !== 'repeated')).toEqual([bobHome]);
  });
});
