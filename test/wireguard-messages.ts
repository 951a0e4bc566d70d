/** WireGuard datagrams as the relay sees them: true headers and mac1, nothing but zeros where it cannot read. */
import { type PublicKey, parsePublicKey } from '#shared/wireguard/key';
import { type Mac1Key, mac1KeyOf, mac1Over } from '#shared/wireguard/mac1';
import { type HandshakeType, mac1Offset, messageBytes } from '#shared/wireguard/message';

/** A public key of nobody; different for every number below 2^32. */
export function testKey(number: number): PublicKey {
  const bytes = Buffer.alloc(32, 9);
  bytes.writeUInt32LE(number, 0);
  const key = parsePublicKey(bytes.toString('base64'));
  if (!key) throw new Error(`no key for ${number}`);
  return key;
}

export function initiation(recipient: PublicKey, senderIndex: number): Buffer {
  const datagram = Buffer.alloc(messageBytes.initiation);
  datagram.writeUInt32LE(1, 0);
  datagram.writeInt32LE(senderIndex | 0, 4);
  return withMac1(datagram, 'initiation', recipient);
}

export function response(recipient: PublicKey, senderIndex: number, receiverIndex: number): Buffer {
  const datagram = Buffer.alloc(messageBytes.response);
  datagram.writeUInt32LE(2, 0);
  datagram.writeInt32LE(senderIndex | 0, 4);
  datagram.writeInt32LE(receiverIndex | 0, 8);
  return withMac1(datagram, 'response', recipient);
}

export function cookieReply(receiverIndex: number): Buffer {
  const datagram = Buffer.alloc(messageBytes.cookieReply);
  datagram.writeUInt32LE(3, 0);
  datagram.writeInt32LE(receiverIndex | 0, 4);
  return datagram;
}

/** A data message; 32 bytes are a keepalive. */
export function data(receiverIndex: number, counter: number, bytes = 32): Buffer {
  const datagram = Buffer.alloc(bytes);
  datagram.writeUInt32LE(4, 0);
  datagram.writeInt32LE(receiverIndex | 0, 4);
  datagram.writeBigUInt64LE(BigInt(counter), 8);
  return datagram;
}

function withMac1(datagram: Buffer, type: HandshakeType, recipient: PublicKey): Buffer {
  const offset = mac1Offset[type];
  datagram.set(mac1Over(datagram.subarray(0, offset), keyFor(recipient)), offset);
  return datagram;
}

const keys = new Map<PublicKey, Mac1Key>();

function keyFor(recipient: PublicKey): Mac1Key {
  const key = keys.get(recipient) ?? mac1KeyOf(recipient);
  keys.set(recipient, key);
  return key;
}
