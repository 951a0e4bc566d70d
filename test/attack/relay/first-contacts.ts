/**
 * Garbage in the shape of initiations, for which a port tries all of its pairs, against players who have never met. The
 * relay's core, by a clock of its own: what scarce time is spent on is decided there.
 */
import type { SocketAddress } from '#shared/endpoint';
import { defaultLimits } from '../../../apps/relay/src/core/limits';
import { Pair } from '../../../apps/relay/src/core/pair';
import { maxPairsPerPort, Port } from '../../../apps/relay/src/core/port';
import { SourceLimits } from '../../../apps/relay/src/core/source-limits';
import { isDestination, isSameAddress } from '../../../apps/relay/src/core/verdict';
import { Random } from '../../fuzz/random';
import { initiation, response, testKey } from '../../wireguard-messages';
import type { Attack, AttackOutcome } from '../attack';

interface Flood {
  readonly ports: number;
  readonly garbagePerSecond: number;
  readonly from: readonly string[];
}

const newcomers = 40;
/** How often WireGuard repeats an initiation that nobody answers. */
const retryMs = 5000;
/** So long the flood has gone on when the first newcomer comes. */
const leadMs = 10_000;
const comingWithinMs = 20_000;
/** Three retries; without a flood one is enough. */
const patienceMs = 17_000;
const stepMs = 5;
const nobody = testKey(0xffff_ffff);

/** Two players who want to meet, on a port. */
class Newcomers {
  hasMet = false;
  readonly #addresses: readonly [SocketAddress, SocketAddress];

  constructor(
    private readonly port: Port,
    private readonly pair: number,
    private readonly firstAtMs: number,
  ) {
    this.#addresses = [this.#address(0), this.#address(1)];
  }

  /** Each initiates every five seconds; the first of the two is there a little earlier. */
  play(nowMs: number): void {
    const elapsedMs = nowMs - this.firstAtMs;
    if (this.hasMet || elapsedMs < 0 || elapsedMs > patienceMs) return;
    if (elapsedMs % retryMs === 0) this.#initiate(0, elapsedMs, nowMs);
    if (elapsedMs % retryMs === 1000) this.#initiate(1, elapsedMs, nowMs);
  }

  #initiate(from: 0 | 1, attempt: number, nowMs: number): void {
    const [own, other] = from === 0 ? this.#addresses : [this.#addresses[1], this.#addresses[0]];
    const index = 0x4000_0000 + this.pair * 0x1_0000 + attempt + from;
    const [key, otherKey] =
      from === 0 ? [2 * this.pair, 2 * this.pair + 1] : [2 * this.pair + 1, 2 * this.pair];
    const verdict = this.port.receive(initiation(testKey(otherKey), index), own, nowMs);
    if (!isDestination(verdict) || !isSameAddress(verdict, other)) return;
    const answer = response(testKey(key), index + 2, index);
    this.hasMet = isDestination(this.port.receive(answer, other, nowMs));
  }

  #address(player: 0 | 1): SocketAddress {
    return { address: `100.${64 + player}.${this.pair >> 8}.${this.pair & 0xff}`, port: 51_820 };
  }
}

function fullPorts(count: number): Port[] {
  const sources = new SourceLimits(defaultLimits);
  return Array.from({ length: count }, (_, port) => {
    const pairs = Array.from({ length: maxPairsPerPort }, (_, place) => {
      const number = port * maxPairsPerPort + place;
      const players = [testKey(2 * number), testKey(2 * number + 1)] as const;
      return new Pair({ pairId: `${number}`, players }, defaultLimits, sources.misses, 0);
    });
    return new Port(pairs, sources);
  });
}

function play({ ports: count, garbagePerSecond, from }: Flood): AttackOutcome {
  const random = new Random(20_261_130);
  const ports = fullPorts(count);
  const all = Array.from({ length: newcomers }, (_, place) => {
    const number = Math.floor((place * count * maxPairsPerPort) / newcomers);
    const firstAtMs = leadMs + random.below(comingWithinMs / stepMs) * stepMs;
    return new Newcomers(pick(ports, Math.floor(number / maxPairsPerPort)), number, firstAtMs);
  });
  let sent = 0;
  for (let nowMs = 0; nowMs <= leadMs + comingWithinMs + patienceMs; nowMs += stepMs) {
    for (; sent < (nowMs / 1000) * garbagePerSecond; sent++) {
      const source = { address: pick(from, sent % from.length), port: 1024 + random.below(60_000) };
      pick(ports, random.below(count)).receive(initiation(nobody, random.below(2 ** 30)), source, nowMs);
    }
    for (const one of all) one.play(nowMs);
  }
  const keptOut = all.filter(({ hasMet }) => !hasMet).length;
  return { tried: newcomers, through: keptOut, note: `of ${newcomers} pairs kept out, ${sent} initiations` };
}

function pick<T>(all: readonly T[], place: number): T {
  const one = all[place];
  if (one === undefined) throw new RangeError(`nothing at ${place}`);
  return one;
}

export const garbageOnAFullPort: Attack = {
  name: 'garbage initiations on a full port',
  attacker: 'stranger',
  play: () => Promise.resolve(play({ ports: 1, garbagePerSecond: 40, from: ['203.0.113.1'] })),
};

export const garbageOnAFullRelay: Attack = {
  name: 'garbage initiations on a full relay',
  attacker: 'stranger',
  play: ({ effort }) => {
    const from = [1, 2, 3, 4, 5].map((host) => `203.0.113.${host}`);
    return Promise.resolve(play({ ports: Math.ceil(256 * effort), garbagePerSecond: 480, from }));
  },
};

/** Each counts as a newcomer once a minute. */
export const garbageOfManyMachines: Attack = {
  name: 'garbage initiations of 500 machines on a full port',
  attacker: 'stranger',
  play: () => {
    const from = Array.from({ length: 500 }, (_, host) => `198.${host >> 8}.${host & 0xff}.1`);
    return Promise.resolve(play({ ports: 1, garbagePerSecond: 2000, from }));
  },
};

/** A subscriber's own /48 has 65,536 of what counts as one source. */
export const garbageOfOneIpv6Network: Attack = {
  name: 'garbage initiations of a /48 on a full port',
  attacker: 'stranger',
  play: () => {
    const from = Array.from({ length: 20_000 }, (_, host) => `2001:db8:1:${host.toString(16)}::1`);
    return Promise.resolve(play({ ports: 1, garbagePerSecond: 200, from }));
  },
};
