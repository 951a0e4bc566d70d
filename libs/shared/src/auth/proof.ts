/**
 * Proof that an agent holds the private key of the WireGuard public key it signs in with, without a signature
 * (X25519 keys cannot sign): both sides compute a Diffie-Hellman secret with the server's one-time key, and
 * the agent answers with an HMAC that only this secret gives.
 *
 *   secret = X25519(agent, server one-time)                          RFC 7748 section 6.1
 *   key    = HKDF-SHA256(ikm = secret, salt = nonce, info = LABEL)   RFC 5869
 *   proof  = HMAC-SHA256(key, LABEL ‖ fields)                        RFC 2104
 *
 * with fields = challenge id, nonce, agent key, server key, server name, each preceded by its length in
 * bytes as 32-bit big-endian. The server name is the host[:port] that the agent dialled, in lower case, so
 * that a server which relays somebody's challenge cannot use the answer elsewhere.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

const LABEL = 'lanrage sign-in 1';

// DER wrapper of raw X25519 private keys, RFC 8410 section 7.
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

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
 * @param privateKey own private key: 32 bytes, or parsed already, which saves most of the time that this takes
 * @param publicKey the other side's, base64
 * @returns 32 bytes
 */
export function sharedSecret(privateKey: Buffer | KeyObject, publicKey: string): Buffer {
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  return diffieHellman({
    privateKey: Buffer.isBuffer(privateKey) ? parsePrivateKey(privateKey) : privateKey,
    // RFC 8037 section 2; OpenSSL takes eight times as long to read DER.
    publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' }),
  });
}

/** @param privateKey 32 bytes @returns base64 of the 32-byte X25519 public key */
export function publicKeyOf(privateKey: Buffer): string {
  return publicKeyText(createPublicKey(parsePrivateKey(privateKey)));
}

/** @returns base64 of its 32 bytes */
export function publicKeyText(publicKey: KeyObject): string {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
}

function parsePrivateKey(privateKey: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, privateKey]), format: 'der', type: 'pkcs8' });
}

/** @param secret from {@link sharedSecret} @returns 32 bytes */
export function computeProof(secret: Buffer, input: ProofInput): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, input.nonce, LABEL, 32));
  const hmac = createHmac('sha256', key).update(LABEL);
  const fields = [
    Buffer.from(input.challengeId),
    input.nonce,
    Buffer.from(input.agentPublicKey, 'base64'),
    Buffer.from(input.serverPublicKey, 'base64'),
    Buffer.from(input.serverName.toLowerCase()),
  ];
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    hmac.update(length).update(field);
  }
  return hmac.digest();
}

/** Compares in constant time. */
export function proofMatches(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
