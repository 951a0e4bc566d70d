/**
 * The unencrypted part of WireGuard's messages (WireGuard paper, section 5.4). All integers are little-endian.
 *
 * | type           | length | sender index | receiver index | counter | mac1       |
 * |----------------|--------|--------------|----------------|---------|------------|
 * | 1 initiation   |    148 | 4–7          |                |         | 116–131    |
 * | 2 response     |     92 | 4–7          | 8–11           |         | 60–75      |
 * | 3 cookie reply |     64 |              | 4–7            |         |            |
 * | 4 data         |   ≥ 32 |              | 4–7            | 8–15    |            |
 *
 * Bytes 0–3 are the type and three zeros. Everything here reads the datagram in place.
 */

export type MessageType = 'initiation' | 'response' | 'cookieReply' | 'data';

/** The two messages that carry a sender index and a mac1. */
export type HandshakeType = 'initiation' | 'response';

export const messageBytes = { initiation: 148, response: 92, cookieReply: 64 } as const;

/** A keepalive: the header and the authentication tag of an empty payload. */
export const shortestDataBytes = 32;

/** The type of a datagram, undefined unless its first four bytes and its length are those of a message. */
export function messageType(datagram: Buffer): MessageType | undefined {
  const { length } = datagram;
  if (length < shortestDataBytes) return undefined;
  switch (datagram.readUInt32LE(0)) {
    case 1:
      return length === messageBytes.initiation ? 'initiation' : undefined;
    case 2:
      return length === messageBytes.response ? 'response' : undefined;
    case 3:
      return length === messageBytes.cookieReply ? 'cookieReply' : undefined;
    case 4:
      return 'data';
    default:
      return undefined;
  }
}

/** The index by which the sender of an initiation or response wants to be addressed. Read like {@link receiverIndex}. */
export function senderIndex(datagram: Buffer): number {
  return datagram.readInt32LE(4);
}

/**
 * The index that the addressee of a response, cookie reply or data message once chose for itself. All that is done with
 * indices is comparing them, so their 32 bits are read as signed: V8 keeps those without an object for each.
 */
export function receiverIndex(datagram: Buffer, type: Exclude<MessageType, 'initiation'>): number {
  return datagram.readInt32LE(type === 'response' ? 8 : 4);
}

/** The nonce counter of a data message, exact up to 2^53. */
export function dataCounter(datagram: Buffer): number {
  const low = datagram.readUInt32LE(8);
  const high = datagram.readUInt32LE(12);
  // A product with so large a number is no integer to V8, whatever comes of it.
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

/** Where mac1 begins; it covers everything before it. */
export const mac1Offset: Record<HandshakeType, number> = { initiation: 116, response: 60 };
