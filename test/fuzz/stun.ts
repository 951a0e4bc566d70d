/** Datagrams to the STUN service, and what it may answer by docs/protocol.md ("STUN") and RFC 8489. */
import { crc32 } from 'node:zlib';
import { attributeType, decodeMessage, encodeMessage } from '#shared/stun/message';
import { respond, type StunAnswer, type StunService } from '../../apps/relay/src/stun/responder';
import { type Subject, withoutParts } from './campaign';
import type { Random } from './random';
import { Finding } from './relay-world';

export interface StunInput {
  readonly datagram: readonly number[];
  readonly sourcePort: number;
  readonly isIpv6: boolean;
  /** Whether the service has a second address. */
  readonly isFull: boolean;
  readonly askedPort: 0 | 1;
}

const magicCookie = [0x21, 0x12, 0xa4, 0x42];
const headerBytes = 20;
/** The most that an answer may be longer than its request: the addresses in it have a fixed size. */
const mostExcess = { 4: 56, 6: 104 } as const;
const types = [...Object.values(attributeType), 0x7fff, 0x8fff, 0x0000];
const lengths = [0, 1, 3, 4, 4, 4, 8, 20, 100, 1500, 1600];
const sourcePorts = [0, 1, 53, 1023, 1024, 40_000, 65_535] as const;

export const stunSubject: Subject<StunInput> = {
  name: 'stun',
  make(random) {
    const attributes = Array.from({ length: random.below(5) }, () => randomAttribute(random));
    const transactionId = random.bytes(12);
    const message = encodeMessage({ class: 'request', method: 1, transactionId, attributes });
    return randomCircumstances(random, [...message]);
  },
  change(input, other, random) {
    let datagram = [...input.datagram];
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      datagram = changedOnce(datagram, other.datagram, random);
    }
    if (random.chance(70)) datagram = withTrueLength(datagram);
    if (random.chance(50)) datagram = withTrueFingerprint(datagram);
    return random.chance(20) ? randomCircumstances(random, datagram) : { ...input, datagram };
  },
  run(input) {
    const datagram = Buffer.from(input.datagram);
    const service = serviceOf(input);
    const asked = { address: service.addresses[0] ?? '', port: service.ports[input.askedPort] };
    const source = { address: input.isIpv6 ? '2001:db8::9' : '203.0.113.9', port: input.sourcePort };
    const answer = respond(datagram, source, asked, service);
    if (!answer) return;
    demand(isBindingRequest(datagram), 'something was answered that is no binding request');
    demand(source.port !== 0, 'port 0 was answered');
    check(answer, datagram, source, service);
  },
  *shorten(input) {
    for (const datagram of withoutParts(input.datagram)) {
      yield { ...input, datagram };
      yield { ...input, datagram: withTrueLength(datagram) };
    }
  },
};

function check(
  { datagram: answer, from, to }: StunAnswer,
  request: Buffer,
  source: { address: string; port: number },
  { addresses, ports }: StunService,
): void {
  const family = source.address.includes(':') ? 6 : 4;
  demand(
    answer.length <= request.length + mostExcess[family],
    `${answer.length} bytes for ${request.length}`,
  );
  demand(to.address === source.address, 'an answer to somebody else');
  demand(to.port === source.port || to.port >= 1024, 'an answer to a privileged port');
  demand(addresses.includes(from.address) && ports.includes(from.port), 'an answer from nowhere');
  const decoded = decodeMessage(answer);
  demand(decoded?.class === 'success' || decoded?.class === 'error', 'an answer that cannot be read');
  demand(request.subarray(8, headerBytes).equals(answer.subarray(8, headerBytes)), 'another transaction id');
}

/** RFC 8489 section 5 and 14, read anew. */
function isBindingRequest(datagram: Buffer): boolean {
  if (datagram.length < headerBytes || datagram.readUInt16BE(0) !== 1) return false;
  if (!datagram.subarray(4, 8).equals(Buffer.from(magicCookie))) return false;
  if (datagram.readUInt16BE(2) !== datagram.length - headerBytes) return false;
  let at = headerBytes;
  while (at + 4 <= datagram.length) at += 4 + Math.ceil(datagram.readUInt16BE(at + 2) / 4) * 4;
  return at === datagram.length;
}

function serviceOf({ isIpv6, isFull }: StunInput): StunService {
  const both = isIpv6 ? ['2001:db8::1', '2001:db8::2'] : ['192.0.2.1', '192.0.2.2'];
  return { addresses: isFull ? both : both.slice(0, 1), ports: [3478, 3479] };
}

function randomAttribute(random: Random) {
  const type = types[random.below(types.length)] ?? 0;
  return { type, value: random.bytes(lengths[random.below(lengths.length)] ?? 0) };
}

function randomCircumstances(random: Random, datagram: readonly number[]): StunInput {
  return {
    datagram,
    sourcePort: random.pick(sourcePorts),
    isIpv6: random.chance(50),
    isFull: random.chance(50),
    askedPort: random.chance(50) ? 0 : 1,
  };
}

function changedOnce(datagram: readonly number[], other: readonly number[], random: Random): number[] {
  const at = random.below(datagram.length + 1);
  const [before, after] = [datagram.slice(0, at), datagram.slice(at)];
  switch (random.below(5)) {
    case 0:
      return [...before, random.below(256), ...after.slice(1)];
    case 1:
      return [...before, ...after.slice(1 + random.below(8))];
    case 2:
      return [...before, ...random.bytes(random.below(12)), ...after];
    case 3:
      return withAttribute(datagram, random);
    default:
      return [...before, ...other.slice(at)];
  }
}

/** At a place where one may be, if the datagram has none of a false length. */
function withAttribute(datagram: readonly number[], random: Random): number[] {
  const { type, value } = randomAttribute(random);
  const padding = new Array<number>((4 - (value.length % 4)) % 4).fill(0);
  const attribute = [type >> 8, type & 255, value.length >> 8, value.length & 255, ...value, ...padding];
  return [...datagram.slice(0, headerBytes), ...attribute, ...datagram.slice(headerBytes)];
}

function withTrueLength(datagram: readonly number[]): number[] {
  const length = Math.max(0, datagram.length - headerBytes) & 0xffff;
  return [...datagram.slice(0, 2), length >> 8, length & 255, ...datagram.slice(4)];
}

/** Makes the FINGERPRINT true at the end of a datagram; RFC 8489 section 14.7. */
function withTrueFingerprint(datagram: readonly number[]): number[] {
  if (datagram.length < headerBytes + 8) return [...datagram];
  const covered = Buffer.from(datagram.slice(0, -8));
  const fingerprint = (crc32(covered) ^ 0x5354_554e) >>> 0;
  const value = [24, 16, 8, 0].map((shift) => (fingerprint >>> shift) & 255);
  return [...covered, attributeType.fingerprint >> 8, attributeType.fingerprint & 255, 0, 4, ...value];
}

function demand(isKept: boolean, promise: string): void {
  if (!isKept) throw new Finding(promise);
}
