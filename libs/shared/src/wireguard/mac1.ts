/**
 * mac1 (WireGuard paper, section 5.4.4): a keyed BLAKE2s over a handshake message up to the mac1 field, its key
 * derived from the static public key of the *recipient*. It is no secret: whoever knows the public key can
 * compute it. It tells for whom a handshake message is meant, not who wrote it.
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { type PublicKey, publicKeyBytes } from './key';
import { type HandshakeType, mac1Offset } from './message';

const label = Buffer.from('mac1----');
const macBytes = 16;

/** The mac1 of messages to one recipient. */
export class Mac1 {
  /** One character a byte: a relay has tens of thousands, a Buffer takes four times as much, a prepared hash fifty times. */
  readonly #key: string;

  constructor(recipient: PublicKey) {
    this.#key = Buffer.from(blake2s(Buffer.concat([label, publicKeyBytes(recipient)]))).toString('latin1');
  }

  /** The 16 bytes for a message whose part before the mac1 field is given. */
  over(covered: Uint8Array): Uint8Array {
    return blake2s(covered, { key: Buffer.from(this.#key, 'latin1'), dkLen: macBytes });
  }

  /** Whether a handshake message of this type is meant for the recipient. */
  matches(datagram: Buffer, type: HandshakeType): boolean {
    const offset = mac1Offset[type];
    const mac1 = this.over(datagram.subarray(0, offset));
    return datagram.compare(mac1, 0, macBytes, offset, offset + macBytes) === 0;
  }
}
