/**
 * mac1 (WireGuard paper, section 5.4.4): a keyed BLAKE2s over a handshake message up to the mac1 field, its key
 * derived from the static public key of the *recipient*. It is no secret: anyone who knows the public key can
 * compute it. It tells for whom a handshake message is meant, not who wrote it.
 *
 * A relay tries every pair of a port for a stranger's initiation. Hence the BLAKE2s of our own, and what is kept of a
 * recipient is the hash after the block that the key takes up: the same for all messages, and no longer than the key.
 */
import { begin, blockBytes, type ChainValue, compress } from './blake2s';
import { type PublicKey, publicKeyBytes } from './key';
import { type HandshakeType, mac1Offset } from './message';

const label = Buffer.from('mac1----');
const keyBytes = 32;
const macBytes = 16;

const hash: ChainValue = new Int32Array(8);

declare const mac1KeyBrand: unique symbol;

/** One character a byte: a relay has tens of thousands, and an array takes four times as much. */
export type Mac1Key = string & { readonly [mac1KeyBrand]: true };

/** What it takes to compute the mac1 of messages to this recipient. */
export function mac1KeyOf(recipient: PublicKey): Mac1Key {
  const labelled = Buffer.concat([label, publicKeyBytes(recipient)]);
  begin(hash, keyBytes, 0);
  compress(hash, labelled, 0, labelled.length, labelled.length, true);
  const keyBlock = Buffer.concat([digest(keyBytes)], blockBytes);
  begin(hash, macBytes, keyBytes);
  compress(hash, keyBlock, 0, blockBytes, blockBytes, false);
  return digest(hash.length * 4).toString('latin1') as Mac1Key;
}

/** The 16 bytes for a message whose part before the mac1 field, a byte at least, is given. */
export function mac1Over(covered: Uint8Array, key: Mac1Key): Uint8Array {
  hashUnder(key, covered, covered.length);
  return digest(macBytes);
}

/** Whether a handshake message of this type is meant for the recipient. */
export function isMeantFor(key: Mac1Key, datagram: Buffer, type: HandshakeType): boolean {
  const offset = mac1Offset[type];
  hashUnder(key, datagram, offset);
  for (let at = 0; at < macBytes; at += 4) {
    if (datagram.readInt32LE(offset + at) !== hash[at >> 2]) return false;
  }
  return true;
}

/** Leaves the mac of so many first bytes in the first words of the hash. */
function hashUnder(key: Mac1Key, bytes: Uint8Array, length: number): void {
  hash.fill(0);
  for (let at = 0; at < key.length; at++) hash[at >> 2]! |= key.charCodeAt(at) << (8 * (at & 3));
  let from = 0;
  for (; length - from > blockBytes; from += blockBytes) {
    compress(hash, bytes, from, from + blockBytes, blockBytes + from + blockBytes, false);
  }
  compress(hash, bytes, from, length, blockBytes + length, true);
}

function digest(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4) bytes.writeInt32LE(hash[at >> 2] ?? 0, at);
  return bytes;
}
