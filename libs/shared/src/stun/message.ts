/**
 * STUN messages (RFC 8489 section 5 and 14): 20 bytes of header, then attributes.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |0 0|     message type          |     length of the attributes  |
 *     |                     magic cookie 0x2112A442                   |
 *     |                   transaction id (96 bits)                    |
 *     |        attribute type         |     length of the value       |
 *     |        value, padded to a multiple of four bytes …            |
 *
 * All integers are big-endian. A class is two bits inside of the message type: 0x0010 and 0x0100.
 */
import { crc32 } from 'node:zlib';

export type StunClass = 'request' | 'indication' | 'success' | 'error';

export interface StunAttribute {
  /** One of {@link attributeType}, or any other 16-bit number. */
  readonly type: number;
  /** The value without its padding. */
  readonly value: Buffer;
}

export interface StunMessage {
  readonly class: StunClass;
  /** 12 bits; {@link bindingMethod} is the only one used here. */
  readonly method: number;
  /** 12 bytes. */
  readonly transactionId: Buffer;
  /** In the order of the datagram, FINGERPRINT left out. */
  readonly attributes: readonly StunAttribute[];
}

export const bindingMethod = 1;

/** RFC 8489 section 18.3 and RFC 5780 section 9.1. */
export const attributeType = {
  mappedAddress: 0x0001,
  changeRequest: 0x0003,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  passwordAlgorithm: 0x001d,
  userhash: 0x001e,
  xorMappedAddress: 0x0020,
  padding: 0x0026,
  responsePort: 0x0027,
  software: 0x8022,
  fingerprint: 0x8028,
  responseOrigin: 0x802b,
  otherAddress: 0x802c,
} as const;

export const magicCookie = 0x2112_a442;
const headerBytes = 20;
const fingerprintBytes = 8;
const fingerprintXor = 0x5354_554e;
const classes: readonly StunClass[] = ['request', 'indication', 'success', 'error'];

/** Whether an agent that does not know the attribute must refuse the message (RFC 8489 section 14). */
export function isComprehensionRequired(type: number): boolean {
  return type < 0x8000;
}

/** The message in a datagram; undefined when it is not STUN, is malformed, or fails its FINGERPRINT. */
export function decodeMessage(datagram: Buffer): StunMessage | undefined {
  if (!hasHeader(datagram)) return undefined;
  const all = decodeAttributes(datagram);
  if (!all) return undefined;
  const fingerprintAt = all.findIndex(({ type }) => type === attributeType.fingerprint);
  if (fingerprintAt !== -1 && (fingerprintAt !== all.length - 1 || !hasFingerprint(datagram)))
    return undefined;
  const type = datagram.readUInt16BE(0);
  return {
    class: classes[((type >> 7) & 2) | ((type >> 4) & 1)] ?? 'request',
    method: ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf),
    transactionId: datagram.subarray(8, headerBytes),
    attributes: withoutUnprotected(all),
  };
}

/** The datagram of a message, its FINGERPRINT added. */
export function encodeMessage(message: StunMessage): Buffer {
  const attributes = message.attributes.map(encodeAttribute);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(encodeType(message), 0);
  header.writeUInt16BE(
    attributes.reduce((sum, { length }) => sum + length, fingerprintBytes),
    2,
  );
  header.writeUInt32BE(magicCookie, 4);
  message.transactionId.copy(header, 8);
  const covered = Buffer.concat([header, ...attributes]);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(fingerprintOver(covered), 0);
  return Buffer.concat([covered, encodeAttribute({ type: attributeType.fingerprint, value })]);
}

/** The value of the first attribute of a type; later ones are ignored (RFC 8489 section 14). */
export function attributeValue(message: StunMessage, type: number): Buffer | undefined {
  return message.attributes.find((attribute) => attribute.type === type)?.value;
}

function hasHeader(datagram: Buffer): boolean {
  return (
    datagram.length >= headerBytes &&
    datagram.readUInt8(0) < 0x40 &&
    datagram.readUInt32BE(4) === magicCookie &&
    datagram.readUInt16BE(2) === datagram.length - headerBytes
  );
}

function decodeAttributes(datagram: Buffer): StunAttribute[] | undefined {
  const attributes: StunAttribute[] = [];
  let offset = headerBytes;
  while (offset < datagram.length) {
    if (offset + 4 > datagram.length) return undefined;
    const valueAt = offset + 4;
    const end = valueAt + datagram.readUInt16BE(offset + 2);
    offset = paddedLength(end);
    if (offset > datagram.length) return undefined;
    attributes.push({ type: datagram.readUInt16BE(valueAt - 4), value: datagram.subarray(valueAt, end) });
  }
  return attributes;
}

/** What follows MESSAGE-INTEGRITY is not protected by it and is ignored (RFC 8489 section 14.5). */
function withoutUnprotected(all: StunAttribute[]): StunAttribute[] {
  const integrityAt = all.findIndex(({ type }) => type === attributeType.messageIntegrity);
  return all.filter(({ type }, index) => {
    if (type === attributeType.fingerprint) return false;
    return integrityAt === -1 || index <= integrityAt || type === attributeType.messageIntegritySha256;
  });
}

function encodeType({ class: messageClass, method }: StunMessage): number {
  const classBits = classes.indexOf(messageClass);
  const spreadMethod = ((method & 0xf80) << 2) | ((method & 0x70) << 1) | (method & 0xf);
  return spreadMethod | ((classBits & 2) << 7) | ((classBits & 1) << 4);
}

function encodeAttribute({ type, value }: StunAttribute): Buffer {
  const encoded = Buffer.alloc(4 + paddedLength(value.length));
  encoded.writeUInt16BE(type, 0);
  encoded.writeUInt16BE(value.length, 2);
  value.copy(encoded, 4);
  return encoded;
}

function paddedLength(length: number): number {
  return (length + 3) & ~3;
}

/** RFC 8489 section 14.7: the CRC-32 of all that precedes the attribute. */
function hasFingerprint(datagram: Buffer): boolean {
  const at = datagram.length - fingerprintBytes;
  if (at < headerBytes || datagram.readUInt16BE(at + 2) !== 4) return false;
  return datagram.readUInt32BE(at + 4) === fingerprintOver(datagram.subarray(0, at));
}

function fingerprintOver(covered: Buffer): number {
  return (crc32(covered) ^ fingerprintXor) >>> 0;
}
