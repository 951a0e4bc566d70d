/** Ethernet frames with UDP in IPv4 or IPv6 as they are on the wire, and their checksums, worked out from nothing. */
import type { SocketAddress } from '#shared/endpoint';
import { parseIpAddress } from '#shared/ip-address';

export interface UdpPacket {
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  readonly payload: Buffer;
  readonly hops?: number;
  /** RFC 768: a sender that works out no checksum writes zero, over IPv4. */
  readonly hasChecksum?: boolean;
}

const udpProtocol = 17;

/** @param card to which the frame goes: twelve hexadecimal digits */
export function frame(packet: UdpPacket, card: string): Buffer {
  const isIpv6 = packet.from.address.includes(':');
  const ethernet = Buffer.from(`${card}020000000001${isIpv6 ? '86dd' : '0800'}`, 'hex');
  const [source, destination] = [bytesOf(packet.from), bytesOf(packet.to)];
  const udp = udpMessage(packet, source, destination);
  const header = isIpv6 ? ipv6Header(packet, udp.length) : ipv4Header(packet, udp.length);
  source.copy(header, isIpv6 ? 8 : 12);
  destination.copy(header, isIpv6 ? 24 : 16);
  if (!isIpv6) header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([ethernet, header, udp]);
}

function ipv4Header({ hops = 64 }: UdpPacket, udpBytes: number): Buffer {
  const header = Buffer.from('45000000123440000011000000000000' + '00000000', 'hex');
  header.writeUInt16BE(header.length + udpBytes, 2);
  header.writeUInt8(hops, 8);
  return header;
}

function ipv6Header({ hops = 64 }: UdpPacket, udpBytes: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(udpBytes, 4);
  header.writeUInt8(udpProtocol, 6);
  header.writeUInt8(hops, 7);
  return header;
}

function udpMessage(
  { from, to, payload, hasChecksum = true }: UdpPacket,
  source: Buffer,
  destination: Buffer,
): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt16BE(header.length + payload.length, 4);
  const message = Buffer.concat([header, payload]);
  const pseudoHeader = Buffer.alloc(4);
  pseudoHeader.writeUInt16BE(udpProtocol, 0);
  pseudoHeader.writeUInt16BE(message.length, 2);
  // RFC 768: a sum of zero is written as its other form.
  const sum = checksum(Buffer.concat([source, destination, pseudoHeader, message])) || 0xffff;
  if (hasChecksum) message.writeUInt16BE(sum, 6);
  return message;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function bytesOf({ address }: SocketAddress): Buffer {
  return Buffer.from(parseIpAddress(address) ?? []);
}
