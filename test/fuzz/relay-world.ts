/**
 * A port of the relay with three pairs on it, and everybody who may send there: players who follow WireGuard's rules,
 * members of their parties who know the public keys, spies who repeat what they saw, and strangers. What each does is a
 * list of steps, which are plain values, so that a run can be written down, repeated, changed and shortened.
 */
import type { SocketAddress } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import { defaultLimits, type RelayLimits } from '../../apps/relay/src/core/limits';
import { Pair } from '../../apps/relay/src/core/pair';
import { Port } from '../../apps/relay/src/core/port';
import { SourceLimits } from '../../apps/relay/src/core/source-limits';
import { otherSide, type Side } from '../../apps/relay/src/core/session';
import { isDestination, type Verdict } from '../../apps/relay/src/core/verdict';
import { cookieReply, data, initiation, response, testKey } from '../wireguard-messages';
import { placeOf, Reference } from './relay-reference';

export type Step =
  /** A player initiates, the other one answers, both send data. */
  | { readonly do: 'handshake'; readonly pair: number; readonly from: Side }
  /** A player sends data; `late`: what was sent before comes behind it. */
  | { readonly do: 'data'; readonly pair: number; readonly from: Side; readonly late?: boolean }
  /** A player has a new address and says so by data. */
  | { readonly do: 'move'; readonly pair: number; readonly from: Side }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reopen'; readonly pair: number }
  /** Somebody who knows the keys; `spoofed`: from the address of the player whose name it takes. */
  | {
      readonly do: 'forgeInitiation';
      readonly pair: number;
      readonly from: Side;
      readonly by: number;
      readonly spoofed?: boolean;
    }
  /** A player who got a forged initiation that it can read answers, and talks in the session that comes of it. */
  | { readonly do: 'forgeResponse' }
  | { readonly do: 'forgeData'; readonly by: number; readonly pick: number; readonly counter: number }
  | { readonly do: 'forgeCookie'; readonly by: number; readonly pick: number }
  /** Something that was sent before comes again from elsewhere; data also from where it came. */
  | { readonly do: 'replay'; readonly back: number; readonly by: number; readonly spoofed?: boolean }
  /** Something of WireGuard's form with bytes changed: `at` and `xor` in turns; then cut or lengthened to `bytes`. */
  | {
      readonly do: 'mutant';
      readonly form: number;
      readonly pair: number;
      readonly changes: readonly number[];
      readonly bytes?: number;
      readonly by: number;
    };

/** A promise that was broken, in words. */
export class Finding extends Error {}

/** A session as its players know it, and where each last showed itself in it. */
interface RealSession {
  readonly indices: [number, number];
  readonly shownAt: [SocketAddress, SocketAddress];
  readonly counters: [number, number];
  readonly lastDataAtMs: [number, number];
  /** Whether each has sent data since it has moved. */
  readonly isProven: [boolean, boolean];
}

interface Players {
  readonly pairId: string;
  readonly keys: readonly [PublicKey, PublicKey];
  readonly homes: [SocketAddress, SocketAddress];
  session: RealSession | undefined;
  /** Whether the last attempt of each from its home led to a session. */
  readonly hasSettled: [boolean, boolean];
  core: Pair;
}

export const pairCount = 3;
/** Whose indices nobody else gets to see. */
const firstSecretIndex = 0x4000_0000;
/** Within that time WireGuard answers. */
const liveMs = 25_000;
/** The relay's clock is that fine: no two datagrams arrive at the same time. */
const betweenDatagramsMs = 0.01;
const portsOfForger = 4;
const checkMemoryEvery = 10;
const replayable = 64;
const limits: RelayLimits = {
  ...defaultLimits,
  pairPackets: { perSecond: 1e9, burst: 1e9 },
  pairBytes: { perSecond: 1e12, burst: 1e12 },
  maxSources: 32,
};
/** The sums that the relay's core states for one pair. */
const memoryBounds = { sessions: 24, sent: 128, held: 4, initiators: 96, tried: 96 * 60 };

export class World {
  nowMs = 0;
  /** How many live sessions had to carry something. */
  promisesKept = 0;
  readonly pairs: readonly Players[];
  readonly #sources = new SourceLimits(limits);
  readonly #port = new Port([], this.#sources);
  readonly #reference = new Reference();
  readonly #sent: { readonly datagram: Buffer; readonly source: SocketAddress; readonly isData: boolean }[] =
    [];
  /** Sources of held initiations, by their bytes. */
  readonly #held: { readonly datagram: Buffer; readonly source: SocketAddress }[] = [];
  readonly #senders = new Set<string>();
  /** Initiations that reached a forger: what it may answer. */
  readonly #forgersMail: { at: SocketAddress; pair: number; to: Side; index: number }[] = [];
  /** Indices of sessions that forgers made among themselves, and where the one who chose it is. */
  readonly #forgersIndices: { readonly index: number; readonly at: SocketAddress }[] = [];
  #bytesIn = 0;
  #bytesOut = 0;
  #nextSecretIndex = firstSecretIndex;
  #nextForgedIndex = 1;
  #moves = 1;
  #steps = 0;

  constructor() {
    this.pairs = Array.from({ length: pairCount }, (_, place) => this.#newPlayers(place));
  }

  /** @throws Finding */
  run(step: Step): void {
    this.#perform(step);
    if (this.#steps++ % checkMemoryEvery === 0) this.#checkMemory();
  }

  /** Returns whether the two share a new session now. */
  handshake(place: number, from: Side): boolean {
    const pair = this.#pair(place);
    const to = otherSide(from);
    const index = this.#nextSecretIndex++;
    const mayMissNobody = pair.hasSettled[from] && this.#isLive(pair) && this.#isShown(pair);
    pair.hasSettled[from] = false;
    const forwarded = this.#send(pair.homes[from], initiation(pair.keys[to], index));
    this.#deliver(forwarded, place, to, index);
    if (mayMissNobody && isDestination(forwarded)) {
      this.#demand(isAt(forwarded, pair.homes[to]), 'two players in a session were diverted');
    }
    if (!isAt(forwarded, pair.homes[to])) return false;
    const answerIndex = this.#nextSecretIndex++;
    const answered = this.#send(pair.homes[to], response(pair.keys[from], answerIndex, index));
    if (!isAt(answered, pair.homes[from])) return false;
    const indices: [number, number] = from === 0 ? [index, answerIndex] : [answerIndex, index];
    const silent = -Infinity;
    pair.session = {
      indices,
      shownAt: [...pair.homes],
      counters: [0, 0],
      lastDataAtMs: [silent, silent],
      isProven: [true, true],
    };
    this.#data(pair, from);
    this.#data(pair, to);
    pair.hasSettled[from] = true;
    return true;
  }

  #perform(step: Step): void {
    switch (step.do) {
      case 'handshake':
        return void this.handshake(step.pair, step.from);
      case 'data':
        return step.late
          ? this.#lateData(step.pair, step.from)
          : this.#data(this.#pair(step.pair), step.from);
      case 'move':
        return this.#move(this.#pair(step.pair), step.from);
      case 'pass':
        return this.#pass(step.ms);
      case 'reopen':
        return this.#reopen(this.#pair(step.pair));
      case 'forgeInitiation':
        return this.#forgeInitiation(step);
      case 'forgeResponse':
        return this.#forgeResponse();
      case 'forgeData':
        return void this.#send(this.#forgerAt(step.by), data(this.#guess(step.pick), step.counter));
      case 'forgeCookie':
        return void this.#send(forger(step.by), cookieReply(this.#guess(step.pick)));
      case 'replay':
        return this.#replay(step);
      case 'mutant':
        return void this.#send(this.#anybody(step.by), this.#mutant(step));
    }
  }

  /** While the session is in use, data must arrive where the other one last showed itself. */
  #data(pair: Players, from: Side, counter = pair.session?.counters[from] ?? 0): void {
    const { session } = pair;
    if (!session) return;
    const to = otherSide(from);
    const isNew = session.counters[from] === 0;
    session.counters[from] = Math.max(session.counters[from], counter + 1);
    const verdict = this.#send(pair.homes[from], data(session.indices[to], counter), true);
    if ((this.#isLive(pair) && session.isProven[to]) || isNew) {
      this.#demand(
        isAt(verdict, session.shownAt[to]),
        `a live session lost data: ${JSON.stringify(verdict)}`,
      );
      this.promisesKept++;
    }
    if (!isDestination(verdict)) return;
    session.isProven[from] = session.shownAt[from] === pair.homes[from];
    session.shownAt[from] = pair.homes[from];
    session.lastDataAtMs[from] = this.nowMs;
  }

  #lateData(place: number, from: Side): void {
    const pair = this.#pair(place);
    const counter = pair.session?.counters[from] ?? 0;
    this.#data(pair, from, counter + 1);
    this.#data(pair, from, counter);
  }

  #move(pair: Players, side: Side): void {
    pair.homes[side] = addressOf(1 + side, ++this.#moves, 1000);
    pair.hasSettled[side] = true;
    this.#data(pair, side);
  }

  #pass(ms: number): void {
    this.nowMs += ms;
    for (const { datagram, verdict } of this.#port.release(this.nowMs))
      this.#checkReleased(datagram, verdict);
    for (const { core } of this.pairs) core.expire(this.nowMs);
  }

  #reopen(pair: Players): void {
    this.#port.delete(pair.core);
    this.#reference.close(pair.pairId);
    for (const side of [0, 1] as const) pair.hasSettled[side] = false;
    pair.session = undefined;
    pair.core = this.#open(pair.pairId, pair.keys);
  }

  #forgeInitiation({ pair: place, from, by, spoofed }: Extract<Step, { do: 'forgeInitiation' }>): void {
    const pair = this.#pair(place);
    const to = otherSide(from);
    const index = this.#nextForgedIndex++;
    if (spoofed) pair.hasSettled[from] = false;
    const source = spoofed ? pair.homes[from] : forger(by);
    this.#deliver(this.#send(source, initiation(pair.keys[to], index)), place, to, index);
  }

  #forgeResponse(): void {
    const mail = this.#forgersMail.shift();
    if (!mail) return;
    const { pair: place, to, index, at } = mail;
    const answerIndex = this.#nextForgedIndex++;
    const recipient = this.#pair(place).keys[otherSide(to)];
    const verdict = this.#send(at, response(recipient, answerIndex, index));
    if (!isDestination(verdict)) return;
    this.#forgersIndices.push({ index: answerIndex, at });
    this.#send(at, data(index, 0));
    if (!isForgers(verdict)) return;
    this.#forgersIndices.push({ index, at: verdict });
    this.#send(verdict, data(answerIndex, 0));
  }

  #replay({ back, by, spoofed }: Extract<Step, { do: 'replay' }>): void {
    const old = this.#sent.at(-1 - (back % replayable));
    if (!old) return;
    this.#send(spoofed && old.isData ? old.source : forger(by), old.datagram, old.isData);
  }

  #mutant({ form, pair: place, changes, bytes }: Extract<Step, { do: 'mutant' }>): Buffer {
    const { keys } = this.#pair(place);
    const forms = [
      () => initiation(keys[form & 1] ?? keys[0], this.#nextForgedIndex++),
      () => response(keys[form & 1] ?? keys[0], this.#nextForgedIndex++, this.#guess(form)),
      () => cookieReply(this.#guess(form)),
      () => data(this.#guess(form), form, 32 + (form % 64)),
    ];
    const datagram = forms[(form >> 1) % forms.length]?.() ?? Buffer.alloc(0);
    for (let place = 0; place + 1 < changes.length; place += 2) {
      const at = (changes[place] ?? 0) % datagram.length;
      datagram.writeUInt8(datagram.readUInt8(at) ^ ((changes[place + 1] ?? 0) & 0xff), at);
    }
    if (bytes === undefined) return datagram;
    return Buffer.concat([datagram.subarray(0, bytes), Buffer.alloc(Math.max(0, bytes - datagram.length))]);
  }

  /** An index that a forger knows, or one out of the air. */
  #guess(pick: number): number {
    return (
      this.#forgersIndices.at(-1 - (pick % (this.#forgersIndices.length + 1)))?.index ?? 0x8000_0000 + pick
    );
  }

  /** Half of the forgers are where they had sessions. */
  #forgerAt(by: number): SocketAddress {
    const end = by % 2 === 0 ? this.#forgersIndices.at(-1 - (by >> 1)) : undefined;
    return end?.at ?? forger(by);
  }

  /** A forger, a player who is spoofed, or somebody without a port. */
  #anybody(by: number): SocketAddress {
    if (by % 8 === 7) return { ...forger(by), port: 0 };
    if (by % 8 === 6) return this.#pair(by).homes[by & 8 ? 1 : 0];
    return forger(by);
  }

  #send(source: SocketAddress, datagram: Buffer, isData = false): Verdict {
    this.nowMs += betweenDatagramsMs;
    this.#bytesIn += datagram.length;
    this.#sent.push({ datagram: Buffer.from(datagram), source, isData });
    if (this.#sent.length > replayable) this.#sent.shift();
    this.#senders.add(placeOf(source));
    this.#reference.received(datagram, source);
    const before = Buffer.from(datagram);
    const verdict = this.#port.receive(datagram, source, this.nowMs);
    this.#demand(before.equals(datagram), 'a datagram was changed');
    if (verdict === 'held') this.#held.push({ datagram: before, source });
    this.#checkForwarded(datagram, source, verdict);
    return verdict;
  }

  #checkReleased(datagram: Buffer, verdict: Verdict): void {
    const at = this.#held.findIndex((held) => held.datagram.equals(datagram));
    const [held] = this.#held.splice(at, at < 0 ? 0 : 1);
    if (!held) throw new Finding('something was released that was not held');
    this.#checkForwarded(datagram, held.source, verdict);
  }

  #checkForwarded(datagram: Buffer, source: SocketAddress, verdict: Verdict): void {
    if (!isDestination(verdict)) return;
    this.#bytesOut += datagram.length;
    this.#demand(this.#bytesOut <= this.#bytesIn, 'more went out than came in');
    this.#demand(this.#senders.has(placeOf(verdict)), 'something went to an address that never sent');
    const fault = this.#reference.forwarded(datagram, source, verdict, this.nowMs);
    this.#demand(fault === undefined, fault ?? '');
  }

  #checkMemory(): void {
    for (const { core } of this.pairs) {
      for (const [what, most] of Object.entries(memoryBounds)) {
        const size = core.memory[what as keyof typeof memoryBounds];
        this.#demand(size <= most, `${size} ${what} in a pair`);
      }
    }
    const { initiations, misses } = this.#sources;
    const isBounded = initiations.size <= limits.maxSources && misses.size <= limits.maxSources;
    this.#demand(isBounded, 'too many sources are remembered');
  }

  #deliver(verdict: Verdict, pair: number, to: Side, index: number): void {
    if (isDestination(verdict) && isForgers(verdict)) {
      this.#forgersMail.push({ at: verdict, pair, to, index });
    }
  }

  #isLive({ session }: Players): boolean {
    return session !== undefined && this.nowMs - Math.min(...session.lastDataAtMs) < liveMs;
  }

  #isShown({ session, homes }: Players): boolean {
    return session?.shownAt.every((address, side) => address === homes[side]) ?? false;
  }

  #pair(place: number): Players {
    const pair = this.pairs[place % pairCount];
    if (!pair) throw new Error('no such pair');
    return pair;
  }

  #newPlayers(place: number): Players {
    const pairId = `pair ${place}`;
    const keys = [testKey(2 * place + 1), testKey(2 * place + 2)] as const;
    const homes: [SocketAddress, SocketAddress] = [
      addressOf(1, ++this.#moves, 1000),
      addressOf(2, ++this.#moves, 1000),
    ];
    return {
      pairId,
      keys,
      homes,
      session: undefined,
      hasSettled: [false, false],
      core: this.#open(pairId, keys),
    };
  }

  #open(pairId: string, players: readonly [PublicKey, PublicKey]): Pair {
    const pair = new Pair({ pairId, players }, limits, this.#sources.misses, this.nowMs);
    this.#port.add(pair);
    this.#reference.open(pairId, players);
    return pair;
  }

  #demand(isKept: boolean, promise: string): void {
    if (!isKept) throw new Finding(promise);
  }
}

function addressOf(network: number, host: number, port: number): SocketAddress {
  return { address: `10.${network}.${host >> 8}.${host & 0xff}`, port };
}

/** Several ports on each of the forgers' machines. */
function forger(by: number): SocketAddress {
  return addressOf(9, Math.floor(by / portsOfForger), 1000 + by);
}

function isForgers({ address }: SocketAddress): boolean {
  return address.startsWith('10.9.');
}

function isAt(verdict: Verdict, address: SocketAddress): boolean {
  return isDestination(verdict) && placeOf(verdict) === placeOf(address);
}
