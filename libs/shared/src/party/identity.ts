import { createHash } from 'node:crypto';

/**
 * Who is who. A peer is a WireGuard key pair; its id is the first 16 hex digits of SHA-256 over the
 * 32 raw bytes of the public key, so nobody can choose one and it survives restarts.
 */
export type PeerId = string & { readonly __brand: 'PeerId' };

/** 6 random bytes in lower-case hex, issued by the server alone. */
export type PartyId = string & { readonly __brand: 'PartyId' };

export const PEER_ID_PATTERN = /^[0-9a-f]{16}$/;
export const PARTY_ID_PATTERN = /^[0-9a-f]{12}$/;
export const PARTY_ID_BYTES = 6;

/** @param publicKey base64 of the 32-byte WireGuard public key */
export function peerIdOf(publicKey: string): PeerId {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16) as PeerId;
}

/** @param randomBytes {@link PARTY_ID_BYTES} bytes from a cryptographic source */
export function partyIdFrom(randomBytes: Buffer): PartyId {
  if (randomBytes.length !== PARTY_ID_BYTES) throw new RangeError(`a party id takes ${PARTY_ID_BYTES} bytes`);
  return randomBytes.toString('hex') as PartyId;
}
