import { blake2s } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { begin, blockBytes, compress } from './blake2s';

/** The hash of bytes without a key, as RFC 7693 section 3.3 has it. */
function hashOf(bytes: Uint8Array, digestBytes: number): Buffer {
  const hash = new Int32Array(8);
  begin(hash, digestBytes, 0);
  let from = 0;
  for (; bytes.length - from > blockBytes; from += blockBytes) {
    compress(hash, bytes, from, from + blockBytes, from + blockBytes, false);
  }
  compress(hash, bytes, from, bytes.length, bytes.length, true);
  const digest = Buffer.alloc(32);
  hash.forEach((word, place) => digest.writeInt32LE(word, place * 4));
  return digest.subarray(0, digestBytes);
}

describe('BLAKE2s', () => {
  it('has the value of RFC 7693, appendix B', () => {
    const expected = '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982';
    expect(hashOf(Buffer.from('abc'), 32).toString('hex')).toBe(expected);
  });

  it('agrees with another implementation on whatever is hashed', () => {
    const bytes = fc.uint8Array({ maxLength: 4 * blockBytes });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 32 }), (hashed, dkLen) => {
        expect(hashOf(hashed, dkLen)).toEqual(Buffer.from(blake2s(hashed, { dkLen })));
      }),
    );
  });
});
