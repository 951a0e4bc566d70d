import { generateKeyPairSync } from 'node:crypto';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { ChallengeBook, type OpenChallenge } from './challenges';

const agentPublicKey = parsePublicKey('hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=') as PublicKey;
const { privateKey } = generateKeyPairSync('x25519');
const challenge = (challengeId: string): OpenChallenge => ({
  challengeId,
  nonce: Buffer.alloc(32),
  privateKey,
  serverPublicKey: '',
  agentPublicKey,
});

describe('ChallengeBook', () => {
  it('gives a challenge out once', () => {
    const book = new ChallengeBook(60_000, 10);
    expect(book.add(challenge('a'), 1000)).toBe(61_000);
    expect(book.take('a', 2000)?.challengeId).toBe('a');
    expect(book.take('a', 2000)).toBeNull();
  });

  it.each([
    ['in its last millisecond', 60_999, 'a'],
    ['at the end of its life', 61_000, undefined],
  ])('%s', (_when, nowMs, found) => {
    const book = new ChallengeBook(60_000, 10);
    book.add(challenge('a'), 1000);
    expect(book.take('a', nowMs)?.challengeId).toBe(found);
  });

  it('does not know what it never gave', () => {
    expect(new ChallengeBook(60_000, 10).take('a', 0)).toBeNull();
  });

  it('drops the oldest when it is full, and no live one as long as expired ones can go', () => {
    const book = new ChallengeBook(60_000, 2);
    for (const id of ['a', 'b', 'c']) book.add(challenge(id), 0);
    expect(['a', 'b', 'c'].map((id) => book.take(id, 1) !== null)).toEqual([false, true, true]);

    book.add(challenge('d'), 0);
    book.add(challenge('e'), 50_000);
    book.add(challenge('f'), 60_000);
    expect(['d', 'e', 'f'].map((id) => book.take(id, 60_000) !== null)).toEqual([false, true, true]);
  });
});
