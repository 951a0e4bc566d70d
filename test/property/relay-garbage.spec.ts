/** A million datagrams that no WireGuard would send, while a game is running. */
import { messageBytes } from '#shared/wireguard/message';
import { defaultLimits } from '../../apps/relay/src/core/limits';
import { Pair } from '../../apps/relay/src/core/pair';
import { Port } from '../../apps/relay/src/core/port';
import { SourceLimits } from '../../apps/relay/src/core/source-limits';
import { isDestination } from '../../apps/relay/src/core/verdict';
import { Random } from '../fuzz/random';
import { cookieReply, data, initiation, response, testKey } from '../wireguard-messages';

const seed = Number(process.env['GARBAGE_SEED'] ?? 20_260_725);
const count = 1_000_000;

const alice = testKey(1);
const bob = testKey(2);
const aliceHome = { address: '192.0.2.1', port: 1000 };
const bobHome = { address: '192.0.2.2', port: 1000 };

function runningGame(): { port: Port; pair: Pair } {
  const sources = new SourceLimits(defaultLimits);
  const pair = new Pair({ pairId: 'p', players: [alice, bob] }, defaultLimits, sources.misses, 0);
  const port = new Port([pair], sources);
  port.receive(initiation(alice, 0xb0b0_b0b0), bobHome, 0);
  port.receive(initiation(bob, 0xa1a1_a1a1), aliceHome, 0);
  port.receive(response(alice, 0xb1b1_b1b1, 0xa1a1_a1a1), bobHome, 0);
  port.receive(data(0xb1b1_b1b1, 0), aliceHome, 0);
  port.receive(data(0xa1a1_a1a1, 0), bobHome, 0);
  return { port, pair };
}

/** Messages that might come next in the game, each with the bytes whose change the relay is able to notice. */
const templates = [
  { message: initiation(bob, 0xa2a2_a2a2), noticed: messageBytes.initiation - 16 },
  { message: response(alice, 0xb2b2_b2b2, 0xa2a2_a2a2), noticed: messageBytes.response - 16 },
  { message: cookieReply(0xa2a2_a2a2), noticed: 8 },
  { message: data(0xb1b1_b1b1, 1, 200), noticed: 8 },
];

describe(`a million datagrams of garbage, seed ${seed}`, () => {
  const source = new Random(seed);
  const random = (below: number) => source.below(below);
  const pick = () => templates[random(templates.length)] ?? { message: cookieReply(1), noticed: 8 };

  const noise = () => {
    const datagram = Buffer.allocUnsafe(random(160));
    for (let at = 0; at < datagram.length; at++) datagram[at] = random(256);
    if (datagram.length > 4 && random(2) === 0) datagram.writeUInt32LE(random(6), 0);
    return datagram;
  };
  const truncated = () => {
    const { message } = pick();
    const shortest = message.length === 200 ? 32 : message.length;
    return message.subarray(0, random(shortest));
  };
  const lengthened = () => {
    const { message } = templates[random(3)] ?? pick();
    return Buffer.concat([message, Buffer.alloc(1 + random(100))]);
  };
  const mutated = () => {
    const { message, noticed } = pick();
    const datagram = Buffer.from(message);
    const at = random(noticed);
    datagram.writeUInt8(datagram.readUInt8(at) ^ (1 + random(255)), at);
    return datagram;
  };

  it('throws nothing, sends nothing, remembers nothing, and leaves the game alone', () => {
    const { port, pair } = runningGame();
    const before = port.stats.forwardedPackets;
    let sent = 0;
    for (let round = 0; round < count; round++) {
      const kind = random(100);
      const datagram = kind < 60 ? noise() : kind < 85 ? truncated() : kind < 95 ? lengthened() : mutated();
      const source = { address: `203.0.113.${random(250)}`, port: random(60_000) };
      if (isDestination(port.receive(datagram, source, round / 100))) sent++;
    }
    expect(sent).toBe(0);
    expect(port.stats.forwardedPackets).toBe(before);
    const dropped = Object.values(port.stats.drops).reduce((sum, drops) => sum + drops, 0);
    expect(dropped).toBe(count + 1);
    expect(port.stats.drops.malformed).toBeGreaterThan(count / 2);
    expect(port.stats.drops.wrong_mac1).toBeGreaterThan(1000);
    expect(port.stats.drops.unknown_index).toBeGreaterThan(1000);
    expect(pair.memory).toEqual({ sessions: 1, sent: 0, held: 0, initiators: 2, tried: 0 });
    expect(port.receive(data(0xb1b1_b1b1, 1), aliceHome, 10_000)).toEqual(bobHome);
    expect(port.receive(data(0xa1a1_a1a1, 1), bobHome, 10_000)).toEqual(aliceHome);
  });
});
