/**
 * NAT-PMP (RFC 6886 section 3): asking the default gateway, on UDP port 5351, for its public address and for a mapping.
 * Pure. All integers are big-endian.
 *
 *     offset  bytes  answer (a request has its own fields from offset 2 or 4 on)
 *          0      1  version 0
 *          1      1  128 + opcode: 0 public address, 1 map UDP, 2 map TCP
 *          2      2  result code, 0 for success
 *          4      4  seconds since the gateway's table was empty
 *          8      4  public address                            (opcode 0)
 *          8      8  internal port, external port, lifetime    (opcodes 1, 2; 2, 2, 4 bytes)
 */
import { formatIpAddress } from '#shared/ip-address';
import type { LocalPort } from './mapping';

export const PORT_CONTROL_PORT = 5_351;

/** RFC 6886 section 3.5. */
export const natPmpResult = { success: 0, unsupportedVersion: 1, networkFailure: 3 } as const;

export interface NatPmpAnswer {
  readonly result: number;
}

const opcode = { publicAddress: 0, udp: 1, tcp: 2 } as const;
const answerBit = 128;
const leastAnswerBytes = 8;

export function encodePublicAddressRequest(): Buffer {
  return Buffer.from([0, opcode.publicAddress]);
}

export interface NatPmpMapRequest {
  readonly local: LocalPort;
  /** 0 lets the gateway choose, and is prescribed for deleting. */
  readonly wishedPort: number;
  /** 0 deletes the mapping. */
  readonly leaseSeconds: number;
}

export function encodeNatPmpMapRequest({ local, wishedPort, leaseSeconds }: NatPmpMapRequest): Buffer {
  const request = Buffer.alloc(12);
  request.writeUInt8(opcode[local.transport], 1);
  request.writeUInt16BE(local.port, 4);
  request.writeUInt16BE(wishedPort, 6);
  request.writeUInt32BE(leaseSeconds, 8);
  return request;
}

/** @returns undefined for anything that is not an answer to the question for the public address */
export function decodePublicAddress(
  datagram: Buffer,
): (NatPmpAnswer & { readonly address: string }) | undefined {
  const result = resultOf(datagram, opcode.publicAddress);
  if (result === undefined) return undefined;
  if (result !== natPmpResult.success) return { result, address: '0.0.0.0' };
  return datagram.length < 12 ? undefined : { result, address: formatIpAddress(datagram.subarray(8, 12)) };
}

/** @returns undefined for anything that is not an answer to a map request for this port */
export function decodeNatPmpMapping(
  datagram: Buffer,
  { port, transport }: LocalPort,
): (NatPmpAnswer & { readonly externalPort: number; readonly leaseSeconds: number }) | undefined {
  const result = resultOf(datagram, opcode[transport]);
  if (result === undefined) return undefined;
  if (datagram.length < 16) {
    // Some gateways leave out the fields that a refusal does not need.
    return result === natPmpResult.success ? undefined : { result, externalPort: 0, leaseSeconds: 0 };
  }
  if (datagram.readUInt16BE(8) !== port) return undefined;
  return { result, externalPort: datagram.readUInt16BE(10), leaseSeconds: datagram.readUInt32BE(12) };
}

/** The result code, if this is an answer to the question. "Unsupported version" answers PCP, which has its own opcodes. */
function resultOf(datagram: Buffer, asked: number): number | undefined {
  if (datagram.length < leastAnswerBytes || datagram[0] !== 0 || datagram[1] !== answerBit + asked) {
    return undefined;
  }
  const result = datagram.readUInt16BE(2);
  return result === natPmpResult.unsupportedVersion ? undefined : result;
}
