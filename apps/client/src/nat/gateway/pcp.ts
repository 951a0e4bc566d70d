/**
 * PCP (RFC 6887 sections 7 and 11): opcode MAP for a port over IPv4, on the same port of the gateway as NAT-PMP.
 * Pure. All integers are big-endian; an IPv4 address is written as ::ffff:a.b.c.d.
 *
 *     offset  bytes  request                    answer
 *          0      1  version 2
 *          1      1  opcode 1                   129
 *          2      2  zero                       zero, result code
 *          4      4  wished lifetime, seconds   granted lifetime
 *          8     16  own address                seconds since the gateway's table was empty (4), zero (12)
 *         24     12  nonce                      the same
 *         36      4  17 for UDP, 6 for TCP, zero (3)       the same
 *         40      2  internal port              the same
 *         42      2  wished external port       granted external port
 *         44     16  wished external address    granted external address
 */
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import type { LocalPort } from './mapping';

/** RFC 6887 section 7.4. */
export const pcpResult = { success: 0, unsupportedVersion: 1, networkFailure: 7 } as const;

export interface PcpMapRequest {
  /** 12 bytes; the gateway lets anyone who knows it change the mapping. */
  readonly nonce: Buffer;
  /** IPv4 address of this machine, as the gateway sees it. */
  readonly ownAddress: string;
  readonly local: LocalPort;
  /** 0 lets the gateway choose. */
  readonly wishedPort: number;
  /** 0 deletes the mapping. */
  readonly leaseSeconds: number;
}

export interface PcpMapping {
  readonly result: number;
  /** How long the mapping, or the refusal, lasts. */
  readonly leaseSeconds: number;
  readonly externalAddress: string;
  readonly externalPort: number;
}

const version = 2;
const mapOpcode = 1;
const answerBit = 128;
const mapBytes = 60;
/** Numbers of IANA's registry. */
const protocolNumber = { udp: 17, tcp: 6 } as const;
const ipv4Prefix = Buffer.from('00000000000000000000ffff', 'hex');

export function encodePcpMapRequest(request: PcpMapRequest): Buffer {
  const datagram = Buffer.alloc(mapBytes);
  datagram.writeUInt8(version, 0);
  datagram.writeUInt8(mapOpcode, 1);
  datagram.writeUInt32BE(request.leaseSeconds, 4);
  mappedAddress(request.ownAddress).copy(datagram, 8);
  request.nonce.copy(datagram, 24);
  datagram.writeUInt8(protocolNumber[request.local.transport], 36);
  datagram.writeUInt16BE(request.local.port, 40);
  datagram.writeUInt16BE(request.wishedPort, 42);
  // Section 11.1: no wish for an address is all zeros, of the wished family.
  mappedAddress('0.0.0.0').copy(datagram, 44);
  return datagram;
}

/** @returns undefined for anything that is not the answer to this request */
export function decodePcpMapping(
  datagram: Buffer,
  { nonce, local }: Pick<PcpMapRequest, 'nonce' | 'local'>,
): PcpMapping | undefined {
  if (datagram.length < mapBytes || datagram[0] !== version || datagram[1] !== answerBit + mapOpcode) {
    return undefined;
  }
  const isSame = datagram.subarray(24, 36).equals(nonce) && datagram[36] === protocolNumber[local.transport];
  if (!isSame || datagram.readUInt16BE(40) !== local.port) return undefined;
  return {
    result: datagram.readUInt8(3),
    leaseSeconds: datagram.readUInt32BE(4),
    externalPort: datagram.readUInt16BE(42),
    externalAddress: plainAddress(datagram.subarray(44, 60)),
  };
}

/** Whether a gateway says that it does not know PCP: as a server of NAT-PMP (RFC 6886 section 3.5), or of a later PCP. */
export function isPcpUnsupported(datagram: Buffer): boolean {
  if (datagram.length < 8 || datagram[1] !== answerBit + mapOpcode) return false;
  return datagram[0] === 0
    ? datagram.readUInt16BE(2) === pcpResult.unsupportedVersion
    : datagram[3] === pcpResult.unsupportedVersion;
}

function mappedAddress(ipv4: string): Buffer {
  const bytes = parseIpAddress(ipv4);
  if (bytes?.length !== 4) throw new RangeError(`not an IPv4 address: ${ipv4}`);
  return Buffer.concat([ipv4Prefix, bytes]);
}

function plainAddress(bytes: Buffer): string {
  const isIpv4 = bytes.subarray(0, ipv4Prefix.length).equals(ipv4Prefix);
  return formatIpAddress(isIpv4 ? bytes.subarray(ipv4Prefix.length) : bytes);
}
