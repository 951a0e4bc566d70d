/**
 * BLAKE2s (RFC 7693) for callers that compute very many: all work is done in place, and nothing is left to collect. The
 * scratch is shared, as one hash is finished before the next one begins.
 */
export const blockBytes = 64;

/** The hash between two blocks: 8 words of 32 bits. */
export type ChainValue = Int32Array;

const iv = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;

/** RFC 7693 section 2.7: which word of the block is mixed in, a row for each round. */
const sigma = Uint8Array.of(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  ...[11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  ...[7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  ...[9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  ...[2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  ...[12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  ...[13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  ...[6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  ...[10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
);
const rounds = 10;

const block = new Int32Array(16);
const work = new Int32Array(16);

/** Makes it the hash of nothing yet. */
export function begin(hash: ChainValue, digestBytes: number, keyBytes: number): void {
  hash.set(iv);
  hash[0] = iv[0] ^ (0x0101_0000 | (keyBytes << 8) | digestBytes);
}

/**
 * Takes in the next bytes of what is hashed, a block or, at the end, less.
 * @param hashedBytes with these
 */
export function compress(
  hash: ChainValue,
  bytes: Uint8Array,
  from: number,
  to: number,
  hashedBytes: number,
  isLast: boolean,
): void {
  load(bytes, from, to);
  work.set(hash);
  work.set(iv, 8);
  work[12] = iv[4] ^ hashedBytes;
  if (isLast) work[14] = ~iv[6];
  for (let round = 0; round < rounds; round++) mixRound(round * 16);
  for (let place = 0; place < 8; place++) {
    hash[place] = word(hash, place) ^ word(work, place) ^ word(work, place + 8);
  }
}

/** Little-endian, with zeros after the end. */
function load(bytes: Uint8Array, from: number, to: number): void {
  block.fill(0);
  for (let at = from; at < to; at++) {
    const place = at - from;
    block[place >> 2]! |= bytes[at]! << (8 * (place & 3));
  }
}

/** Columns, then diagonals. */
function mixRound(row: number): void {
  mix(0, 4, 8, 12, row);
  mix(1, 5, 9, 13, row + 2);
  mix(2, 6, 10, 14, row + 4);
  mix(3, 7, 11, 15, row + 6);
  mix(0, 5, 10, 15, row + 8);
  mix(1, 6, 11, 12, row + 10);
  mix(2, 7, 8, 13, row + 12);
  mix(3, 4, 9, 14, row + 14);
}

/** The function G of RFC 7693 section 3.1, with the two words that sigma names from this place on. */
function mix(a: number, b: number, c: number, d: number, place: number): void {
  let [va, vb, vc, vd] = [word(work, a), word(work, b), word(work, c), word(work, d)];
  va = (va + vb + word(block, sigma[place] ?? 0)) | 0;
  vd = rotateRight(vd ^ va, 16);
  vc = (vc + vd) | 0;
  vb = rotateRight(vb ^ vc, 12);
  va = (va + vb + word(block, sigma[place + 1] ?? 0)) | 0;
  vd = rotateRight(vd ^ va, 8);
  vc = (vc + vd) | 0;
  vb = rotateRight(vb ^ vc, 7);
  work[a] = va;
  work[b] = vb;
  work[c] = vc;
  work[d] = vd;
}

function word(words: Int32Array, place: number): number {
  return words[place] ?? 0;
}

function rotateRight(bits: number, by: number): number {
  return (bits >>> by) | (bits << (32 - by));
}
