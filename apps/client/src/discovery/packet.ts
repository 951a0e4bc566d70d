/** What is read from a captured IPv4 packet, and what a copy of it for another player looks like. Pure. */

const IPV4_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const UDP = 17;
const TIME_TO_LIVE = 64;
const DOT = 0x2e;
const ZERO = 0x30;
/** More fragments, and the offset of this one (RFC 791 section 3.1). */
const FRAGMENT_BITS = 0x3fff;

/** Addresses are numbers, the first octet the highest. */
export interface LanDatagram {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

/** Runs for each player of each copy, so that it makes no arrays or strings. @param address IPv4, a dotted quad */
export function numberOf(address: string): number {
  let number = 0;
  let octet = 0;
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at);
    if (code === DOT) {
      number = number * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - ZERO;
  }
  return number * 256 + octet;
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** @returns undefined for anything but a whole UDP datagram */
export function readDatagram(packet: Buffer): LanDatagram | undefined {
  if (packet.length < IPV4_HEADER_BYTES + UDP_HEADER_BYTES) return undefined;
  const version = packet.readUInt8(0) >> 4;
  const headerBytes = (packet.readUInt8(0) & 0xf) * 4;
  const totalBytes = packet.readUInt16BE(2);
  const isWhole = (packet.readUInt16BE(6) & FRAGMENT_BITS) === 0;
  if (version !== 4 || packet.readUInt8(9) !== UDP || !isWhole || headerBytes < IPV4_HEADER_BYTES)
    return undefined;
  if (totalBytes > packet.length || totalBytes < headerBytes + UDP_HEADER_BYTES) return undefined;
  const udpBytes = packet.readUInt16BE(headerBytes + 4);
  if (udpBytes < UDP_HEADER_BYTES || headerBytes + udpBytes > totalBytes) return undefined;
  return {
    source: packet.readUInt32BE(12),
    destination: packet.readUInt32BE(16),
    sourcePort: packet.readUInt16BE(headerBytes),
    destinationPort: packet.readUInt16BE(headerBytes + 2),
    payload: packet.subarray(headerBytes + UDP_HEADER_BYTES, headerBytes + udpBytes),
  };
}

/** A captured datagram as sent from the player's virtual address, for one player after the other. */
export class Copy {
  readonly packet: Buffer;
  /** What is summed up besides the destination; the captured checksum is of no use, as it is often left to the network card. */
  readonly #partialSum: number;

  /** @param source the own virtual address */
  constructor({ sourcePort, destinationPort, payload }: LanDatagram, source: number) {
    const udpBytes = UDP_HEADER_BYTES + payload.length;
    const packet = Buffer.alloc(IPV4_HEADER_BYTES + udpBytes);
    packet.writeUInt8(0x45, 0);
    packet.writeUInt16BE(packet.length, 2);
    packet.writeUInt8(TIME_TO_LIVE, 8);
    packet.writeUInt8(UDP, 9);
    packet.writeUInt32BE(source, 12);
    packet.writeUInt16BE(sourcePort, IPV4_HEADER_BYTES);
    packet.writeUInt16BE(destinationPort, IPV4_HEADER_BYTES + 2);
    packet.writeUInt16BE(udpBytes, IPV4_HEADER_BYTES + 4);
    payload.copy(packet, IPV4_HEADER_BYTES + UDP_HEADER_BYTES);
    this.packet = packet;
    // The pseudo header (RFC 768): addresses, protocol and length.
    this.#partialSum = sumOfWords(packet, IPV4_HEADER_BYTES) + wordsOf(source) + UDP + udpBytes;
  }

  /** @param destination a virtual address @returns the packet; the system completes the header's identification and checksum */
  aimedAt(destination: number): Buffer {
    this.packet.writeUInt32BE(destination, 16);
    // No checksum is written as 0, which means that there is none (RFC 768).
    const checksum = ~folded(this.#partialSum + wordsOf(destination)) & 0xffff || 0xffff;
    this.packet.writeUInt16BE(checksum, IPV4_HEADER_BYTES + 6);
    return this.packet;
  }
}

/** The checksum's own place is still 0. */
function sumOfWords(bytes: Buffer, from: number): number {
  let sum = 0;
  for (let at = from; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  const isOdd = (bytes.length - from) % 2 === 1;
  return isOdd ? sum + bytes.readUInt8(bytes.length - 1) * 256 : sum;
}

function wordsOf(address: number): number {
  return (address >>> 16) + (address & 0xffff);
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  return rest;
}
