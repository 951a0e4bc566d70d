/**
 * WireGuard public keys: Curve25519 u-coordinates (RFC 7748 section 5), 32 bytes little-endian, written in
 * base64 as `wg` writes them.
 *
 * A point has exactly one accepted spelling, so that a player cannot appear under two keys: the base64 is
 * canonical (RFC 4648 section 3.5) and the coordinate is reduced below 2^255 − 19, as X25519 always returns it.
 */

declare const publicKeyBrand: unique symbol;

/** The base64 text (44 characters) of a usable WireGuard public key, made by {@link parsePublicKey}. */
export type PublicKey = string & { readonly [publicKeyBrand]: true };

const keyBytes = 32;
const fieldPrime = 2n ** 255n - 19n;

/**
 * The coordinates of all points whose order divides 8, on the curve and on its twist; a Diffie-Hellman with one
 * of them has a predictable result (RFC 7748 section 7). Values from https://cr.yp.to/ecdh.html#validate,
 * which also lists their spellings above the prime: those are refused for not being reduced.
 */
const lowOrderCoordinates: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  fieldPrime - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

/** The key that a base64 text spells; undefined unless it is canonical, 32 bytes and not a low-order point. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== keyBytes || bytes.toString('base64') !== text) return undefined;
  const coordinate = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  if (coordinate >= fieldPrime || lowOrderCoordinates.has(coordinate)) return undefined;
  return text as PublicKey;
}

/** The 32 bytes of a key. */
export function publicKeyBytes(key: PublicKey): Uint8Array {
  return Buffer.from(key, 'base64');
}
