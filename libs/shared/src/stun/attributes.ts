/** The values of the STUN attributes that are used here (RFC 8489 section 14). */
import type { SocketAddress } from '../endpoint';
import { formatIpAddress, parseIpAddress } from '../ip-address';
import { magicCookie } from './message';

const addressFamily = { ipv4: 1, ipv6: 2 } as const;

/** What ERROR-CODE says. */
export interface StunError {
  /** 300 to 699. */
  readonly code: number;
  readonly reason: string;
}

/** Which of its addresses and ports a server is to answer from: the other one, or the one that was asked. */
export interface ChangeRequest {
  readonly address: boolean;
  readonly port: boolean;
}

const changeFlag = { address: 4, port: 2 } as const;

/**
 * MAPPED-ADDRESS, RESPONSE-ORIGIN, OTHER-ADDRESS (sections 14.1; RFC 5780 sections 7.3, 7.4): a zero, the
 * family, the port, the address. Throws a RangeError when the address is not an IP address.
 */
export function encodeAddress({ address, port }: SocketAddress): Buffer {
  const bytes = parseIpAddress(address);
  if (!bytes) throw new RangeError(`not an IP address: ${address}`);
  const value = Buffer.alloc(4 + bytes.length);
  value.writeUInt8(bytes.length === 4 ? addressFamily.ipv4 : addressFamily.ipv6, 1);
  value.writeUInt16BE(port, 2);
  value.set(bytes, 4);
  return value;
}

/** The inverse of {@link encodeAddress}; undefined for other families, lengths, and port 0. */
export function decodeAddress(value: Buffer): SocketAddress | undefined {
  const expectedLength = { [addressFamily.ipv4]: 8, [addressFamily.ipv6]: 20 }[value[1] ?? 0];
  if (value.length !== expectedLength) return undefined;
  const port = value.readUInt16BE(2);
  return port === 0 ? undefined : { address: formatIpAddress(value.subarray(4)), port };
}

/** XOR-MAPPED-ADDRESS (section 14.2): hidden from routers that rewrite whatever looks like an address. */
export function encodeXorAddress(address: SocketAddress, transactionId: Buffer): Buffer {
  return xorAddress(encodeAddress(address), transactionId);
}

/** The inverse of {@link encodeXorAddress}; undefined for what {@link decodeAddress} refuses. */
export function decodeXorAddress(value: Buffer, transactionId: Buffer): SocketAddress | undefined {
  return decodeAddress(xorAddress(value, transactionId));
}

/** ERROR-CODE (section 14.8): the hundreds and the rest of the code in a byte each, then the reason. */
export function encodeErrorCode({ code, reason }: StunError): Buffer {
  return Buffer.concat([Buffer.from([0, 0, Math.trunc(code / 100), code % 100]), Buffer.from(reason)]);
}

/** The inverse of {@link encodeErrorCode}; undefined for codes that do not exist. */
export function decodeErrorCode(value: Buffer): StunError | undefined {
  if (value.length < 4) return undefined;
  const hundreds = value.readUInt8(2) & 7;
  const rest = value.readUInt8(3);
  if (hundreds < 3 || hundreds > 6 || rest > 99) return undefined;
  return { code: hundreds * 100 + rest, reason: value.toString('utf8', 4) };
}

/** UNKNOWN-ATTRIBUTES (section 14.9): a list of 16-bit types. */
export function encodeUnknownAttributes(types: readonly number[]): Buffer {
  return Buffer.from(types.flatMap((type) => [type >> 8, type & 0xff]));
}

/** The inverse of {@link encodeUnknownAttributes}; undefined for half a type. */
export function decodeUnknownAttributes(value: Buffer): number[] | undefined {
  if (value.length % 2 !== 0) return undefined;
  return Array.from({ length: value.length / 2 }, (_, index) => value.readUInt16BE(index * 2));
}

/** CHANGE-REQUEST (RFC 5780 section 7.2): two flags in 32 bits. */
export function encodeChangeRequest({ address, port }: ChangeRequest): Buffer {
  return Buffer.from([0, 0, 0, (address ? changeFlag.address : 0) | (port ? changeFlag.port : 0)]);
}

/** The inverse of {@link encodeChangeRequest}; undefined for another length, unknown flags are ignored. */
export function decodeChangeRequest(value: Buffer): ChangeRequest | undefined {
  if (value.length !== 4) return undefined;
  const flags = value.readUInt8(3);
  return { address: (flags & changeFlag.address) !== 0, port: (flags & changeFlag.port) !== 0 };
}

/** RESPONSE-PORT (RFC 5780 section 7.5): a port, which some senders pad to four bytes themselves. */
export function encodeResponsePort(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}

/** The inverse of {@link encodeResponsePort}; undefined for other lengths and for port 0. */
export function decodeResponsePort(value: Buffer): number | undefined {
  if (value.length !== 2 && value.length !== 4) return undefined;
  return value.readUInt16BE(0) || undefined;
}

/** The port is masked by the first half of the magic cookie, the address by the cookie and the transaction id. */
function xorAddress(value: Buffer, transactionId: Buffer): Buffer {
  const mask = Buffer.alloc(20);
  mask.writeUInt32BE(magicCookie, 4);
  mask.copy(mask, 2, 4, 6);
  transactionId.copy(mask, 8);
  return Buffer.from(value.map((byte, index) => byte ^ (mask[index] ?? 0)));
}
