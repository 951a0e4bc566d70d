/**
 * Proof that an agent holds the private key of the WireGuard public key it signs in with, without a signature
 * (X25519 keys cannot sign): both sides compute a Diffie-Hellman secret with a short-lived key of the server's, and
 * the agent answers with an HMAC that only this secret gives.
 *
 *   secret = X25519(agent, server)                                   RFC 7748 section 6.1
 *   key    = HKDF-SHA256(ikm = secret, salt = nonce, info = LABEL)   RFC 5869
 *   proof  = HMAC-SHA256(key, LABEL ‖ fields)                        RFC 2104
 *
 * with fields = challenge id, nonce, agent key, server key, server name, each preceded by its length in
 * bytes as 32-bit big-endian. The server name is the host[:port] that the agent dialled, in lower case, so
 * that a server which relays somebody's challenge cannot use the answer elsewhere.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { macOf } from './mac';

const LABEL = 'lanrage sign-in 1';

// What precedes the 32 bytes of an X25519 key in DER: RFC 8410 section 7 for private keys, section 4 for public ones.
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');

/** The point 9 (RFC 7748 section 4.1), little-endian; its product with a private key is the public key. */
const basePoint = parsePublicPoint(Buffer.concat([Buffer.of(9), Buffer.alloc(31)]));

export interface ProofInput {
  challengeId: string;
  /** 32 bytes */
  nonce: Buffer;
  /** base64 of 32 bytes */
  agentPublicKey: string;
  /** base64 of 32 bytes */
  serverPublicKey: string;
  /** host[:port] */
  serverName: string;
}

/**
 * @param privateKey own private key: 32 bytes, or from {@link parsePrivateKey}, which saves most of the time that this takes
 * @param publicKey the other side's, base64
 * @returns 32 bytes
 */
export function sharedSecret(privateKey: Buffer | KeyObject, publicKey: string): Buffer {
  return multiply(privateKey, parsePublicPoint(Buffer.from(publicKey, 'base64')));
}

/** @param privateKey 32 bytes, or from {@link parsePrivateKey} @returns base64 of the 32-byte X25519 public key */
export function publicKeyOf(privateKey: Buffer | KeyObject): string {
  return multiply(privateKey, basePoint).toString('base64');
}

/** @param privateKey 32 bytes, of any value */
export function parsePrivateKey(privateKey: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, privateKey]), format: 'der', type: 'pkcs8' });
}

function parsePublicPoint(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, bytes]), format: 'der', type: 'spki' });
}

/** X25519 (RFC 7748 section 5). @returns 32 bytes */
function multiply(privateKey: Buffer | KeyObject, publicKey: KeyObject): Buffer {
  const parsed = Buffer.isBuffer(privateKey) ? parsePrivateKey(privateKey) : privateKey;
  return diffieHellman({ privateKey: parsed, publicKey });
}

/** @param secret from {@link sharedSecret} @returns 32 bytes */
export function computeProof(secret: Buffer, input: ProofInput): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, input.nonce, LABEL, 32));
  return macOf(key, LABEL, [
    Buffer.from(input.challengeId),
    input.nonce,
    Buffer.from(input.agentPublicKey, 'base64'),
    Buffer.from(input.serverPublicKey, 'base64'),
    Buffer.from(input.serverName.toLowerCase()),
  ]);
}

/** Compares in constant time. */
export function proofMatches(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
