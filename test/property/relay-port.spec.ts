/**
 * The relay's core against a model: two players who follow WireGuard's rules, and forgers who know both public
 * keys and everything that reaches their own addresses, but do not see the pair's traffic.
 */
import fc from 'fast-check';
import { type Endpoint, formatEndpoint, type SocketAddress } from '#shared/endpoint';
import { defaultLimits, SourceLimits } from '../../apps/relay/src/core/limits';
import { Pair } from '../../apps/relay/src/core/pair';
import { Port } from '../../apps/relay/src/core/port';
import { otherSide, type Side } from '../../apps/relay/src/core/session';
import { isDestination, type Verdict } from '../../apps/relay/src/core/verdict';
import { data, initiation, response, testKey } from '../wireguard-messages';

const players = [testKey(1), testKey(2)] as const;
const addressOf = (network: string, number: number): SocketAddress => ({
  address: `${network}.${number >> 8}.${number & 0xff}`,
  port: 1000 + number,
});

/** A session as the two players know it, and where each of them last showed itself in it. */
interface RealSession {
  readonly indices: [number, number];
  readonly shownAt: [SocketAddress, SocketAddress];
  readonly counters: [number, number];
  readonly lastDataAtMs: [number, number];
}

class Model {
  nowMs = 0;
  datagramsIn = 0;
  datagramsOut = 0;
  readonly senders = new Set<Endpoint>();
  readonly homes: [SocketAddress, SocketAddress] = [addressOf('10.1', 1), addressOf('10.2', 1)];
  session: RealSession | undefined;
  /** Initiations that reached a forger: what it may answer. */
  readonly forgersMail: { source: SocketAddress; receiver: Side; index: number }[] = [];
  /** Indices of sessions that forgers made, and by whom they were chosen. */
  readonly forgersIndices: number[] = [];
  readonly pair: Pair;
  readonly port: Port;
  #nextIndex = 1;
  #moves = 1;

  constructor() {
    const limits = { ...defaultLimits, pairPackets: { perSecond: 1e9, burst: 1e9 } };
    const sources = new SourceLimits(limits);
    this.pair = new Pair({ pairId: 'p', players }, limits, sources.misses, 0);
    this.port = new Port([this.pair], sources);
  }

  index(): number {
    return this.#nextIndex++;
  }

  send(source: SocketAddress, datagram: Buffer): Verdict {
    this.datagramsIn++;
    this.senders.add(formatEndpoint(source));
    const verdict = this.port.receive(datagram, source, this.nowMs);
    this.#check(verdict);
    return verdict;
  }

  pass(elapsedMs: number): void {
    this.nowMs += elapsedMs;
    for (const { verdict } of this.port.release(this.nowMs)) this.#check(verdict);
    this.pair.expire(this.nowMs);
  }

  /** Returns whether the players share a new session now. */
  handshake(from: Side): boolean {
    const to = otherSide(from);
    const initiatorIndex = this.index();
    const forwarded = this.send(this.homes[from], initiation(players[to], initiatorIndex));
    this.#deliverToForgers(forwarded, to, initiatorIndex);
    if (!isAt(forwarded, this.homes[to])) return false;
    const responderIndex = this.index();
    const answered = this.send(this.homes[to], response(players[from], responderIndex, initiatorIndex));
    if (!isAt(answered, this.homes[from])) return false;
    const indices: [number, number] =
      from === 0 ? [initiatorIndex, responderIndex] : [responderIndex, initiatorIndex];
    const silent = -Infinity;
    this.session = {
      indices,
      shownAt: [...this.homes],
      counters: [0, 0],
      lastDataAtMs: [silent, silent],
    };
    this.data(from);
    this.data(to);
    return true;
  }

  /** A player sends data; while the session is in use it must arrive where the other last showed itself. */
  data(from: Side): void {
    const { session } = this;
    if (!session) return;
    const to = otherSide(from);
    const isLive = this.nowMs - Math.min(...session.lastDataAtMs) < 60_000;
    const verdict = this.send(this.homes[from], data(session.indices[to], session.counters[from]++));
    if (isLive || session.counters[from] === 1) expect(verdict).toEqual(session.shownAt[to]);
    if (!isDestination(verdict)) return;
    session.shownAt[from] = this.homes[from];
    session.lastDataAtMs[from] = this.nowMs;
  }

  move(side: Side): void {
    this.homes[side] = addressOf(side === 0 ? '10.1' : '10.2', ++this.#moves);
    this.data(side);
  }

  forgeInitiation(from: Side, forger: SocketAddress): void {
    const to = otherSide(from);
    const index = this.index();
    this.#deliverToForgers(this.send(forger, initiation(players[to], index)), to, index);
  }

  /** A forger answers what it got, and talks to itself in the session that comes of it. */
  forgeResponse(): void {
    const mail = this.forgersMail.shift();
    if (!mail) return;
    const index = this.index();
    const verdict = this.send(mail.source, response(players[otherSide(mail.receiver)], index, mail.index));
    if (isDestination(verdict)) this.forgersIndices.push(index, mail.index);
  }

  forgeData(forger: SocketAddress, pick: number, counter: number): void {
    const known = this.forgersIndices[pick % (this.forgersIndices.length + 1)];
    this.send(forger, data(known ?? 0x8000_0000 + pick, counter));
  }

  #deliverToForgers(verdict: Verdict, receiver: Side, index: number): void {
    if (isDestination(verdict) && verdict.address.startsWith('10.9.')) {
      this.forgersMail.push({ source: verdict, receiver, index });
    }
  }

  #check(verdict: Verdict): void {
    if (isDestination(verdict)) {
      this.datagramsOut++;
      expect(this.senders).toContain(formatEndpoint(verdict));
    }
    expect(this.datagramsOut).toBeLessThanOrEqual(this.datagramsIn);
    const { sessions, sent, held } = this.pair.memory;
    expect(sessions <= 24 && sent <= 128 && held <= 4).toBe(true);
  }
}

function isAt(verdict: Verdict, address: SocketAddress): boolean {
  return isDestination(verdict) && formatEndpoint(verdict) === formatEndpoint(address);
}

const side = fc.constantFrom<Side>(0, 1);
const forger = fc.nat(11).map((number) => addressOf('10.9', number));
const step = <T extends unknown[]>(name: string, run: (model: Model, ...args: T) => unknown, ...args: T) => ({
  name: `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
  run: (model: Model) => run(model, ...args),
  toString(): string {
    return this.name;
  },
});

const forgery = fc.oneof(
  fc
    .tuple(side, forger)
    .map((args) => step('forgeInitiation', (m, s, f) => m.forgeInitiation(s, f), ...args)),
  fc.constant(step('forgeResponse', (m) => m.forgeResponse())),
  fc
    .tuple(forger, fc.nat(50), fc.nat(1000))
    .map((args) => step('forgeData', (m, f, pick, counter) => m.forgeData(f, pick, counter), ...args)),
);
const play = fc.oneof(
  side.map((from) => step('handshake', (m, s) => m.handshake(s), from)),
  side.map((from) => step('data', (m, s) => m.data(s), from)),
  side.map((moving) => step('move', (m, s) => m.move(s), moving)),
);
const wait = fc.constantFrom(0, 1, 100, 500, 5000, 30_000).map((ms) => step('pass', (m, t) => m.pass(t), ms));

describe('a port of the relay', () => {
  it('keeps its promises whatever players and forgers do', () => {
    const steps = fc.array(fc.oneof(forgery, play, wait), { minLength: 1, maxLength: 120 });
    let sessions = 0;
    fc.assert(
      fc.property(fc.boolean(), steps, (haveMet, all) => {
        const model = new Model();
        if (haveMet) [0 as const, 1 as const].forEach((from) => model.handshake(from));
        for (const { run } of all) run(model);
        if (model.session) sessions++;
      }),
      { numRuns: 500 },
    );
    // Otherwise the promise to live sessions would have been checked on nothing.
    expect(sessions).toBeGreaterThan(200);
  });

  it('brings two players together within two minutes of retries, forgers or not', () => {
    const rounds = fc.array(fc.array(forgery, { maxLength: 20 }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(rounds, (all) => {
        const model = new Model();
        const met = all.some((forgeries) => {
          forgeries.forEach(({ run }) => run(model));
          model.pass(5000);
          return model.handshake(0) || model.handshake(1);
        });
        expect(met).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
