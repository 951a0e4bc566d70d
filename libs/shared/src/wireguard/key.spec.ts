import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { publicKeyOf, sharedSecret } from '../auth/proof';
import { parsePublicKey, publicKeyBytes } from './key';

const fieldPrime = 2n ** 255n - 19n;
const orderEight = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
];

/** RFC 7748 section 5: 32 bytes, least significant first. */
function encodeCoordinate(coordinate: bigint): Buffer {
  return Buffer.from(coordinate.toString(16).padStart(64, '0'), 'hex').reverse();
}

describe('public keys', () => {
  it('accepts what X25519 produces', () => {
    for (let count = 0; count < 50; count++) {
      const text = publicKeyOf(randomBytes(32));
      const key = parsePublicKey(text);
      expect(key && publicKeyBytes(key)).toEqual(Buffer.from(text, 'base64'));
    }
  });

  it('accepts the keys of RFC 7748 section 6.1', () => {
    for (const hex of [
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ]) {
      const text = Buffer.from(hex, 'hex').toString('base64');
      expect(parsePublicKey(text)).toBe(text);
    }
  });

  const lowOrder = [0n, 1n, fieldPrime - 1n, ...orderEight];
  const unreduced = [fieldPrime, fieldPrime + 1n];
  const highBit = [...lowOrder, ...unreduced].map((coordinate) => coordinate + 2n ** 255n);

  it.each([...lowOrder, ...unreduced, ...highBit].map((coordinate) => [encodeCoordinate(coordinate)]))(
    'refuses a point of low order, as OpenSSL refuses to use it: %p',
    (bytes) => {
      expect(() => sharedSecret(randomBytes(32), bytes.toString('base64'))).toThrow();
      expect(parsePublicKey(bytes.toString('base64'))).toBeUndefined();
    },
  );

  it('refuses a second spelling of an ordinary point', () => {
    for (const coordinate of [fieldPrime + 9n, 9n + 2n ** 255n]) {
      expect(parsePublicKey(encodeCoordinate(coordinate).toString('base64'))).toBeUndefined();
    }
    expect(parsePublicKey(encodeCoordinate(9n).toString('base64'))).toBeDefined();
  });

  const good = 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066Spjqqbmmo=';
  it.each([
    '',
    good.slice(0, -1),
    `${good} `,
    ` ${good}`,
    `${good}\n`,
    good.replace('/', '_'),
    good.replace('mo=', 'mp='),
    good.repeat(2),
    'A'.repeat(60_000),
    Buffer.alloc(31, 7).toString('base64'),
    Buffer.alloc(33, 7).toString('base64'),
  ])('refuses %.50p', (text) => {
    expect(parsePublicKey(text)).toBeUndefined();
  });

  it('returns the very text that it was given, or nothing', () => {
    const texts = fc.oneof(fc.string(), fc.base64String({ minLength: 40, maxLength: 48 }));
    fc.assert(fc.property(texts, (text) => expect([text, undefined]).toContain(parsePublicKey(text))));
  });
});
