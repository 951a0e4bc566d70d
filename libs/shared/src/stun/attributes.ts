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

/** The port is masked by the first half of the magic cookie, the address by the cookie and the transaction id. */
function xorAddress(value: Buffer, transactionId: Buffer): Buffer {
  const mask = Buffer.alloc(20);
  mask.writeUInt32BE(magicCookie, 4);
  mask.copy(mask, 2, 4, 6);
  transactionId.copy(mask, 8);
  return Buffer.from(value.map((byte, index) => byte ^ (mask[index] ?? 0)));
}
