import { partyIdFrom, PARTY_ID_PATTERN, PEER_ID_PATTERN, peerIdOf } from './identity';

describe('identity', () => {
  it('derives the peer id from the 32 raw bytes of the key, not from its text', () => {
    // printf '\0%.0s' {1..32} | sha256sum
    expect(peerIdOf(Buffer.alloc(32).toString('base64'))).toBe('66687aadf862bd77');
    expect(peerIdOf(Buffer.alloc(32, 0xff).toString('base64'))).toMatch(PEER_ID_PATTERN);
  });

  it('writes party ids as 12 lower-case hex digits', () => {
    expect(partyIdFrom(Buffer.from('00a1B2c3D4ff', 'hex'))).toBe('00a1b2c3d4ff');
    expect(partyIdFrom(Buffer.alloc(6))).toMatch(PARTY_ID_PATTERN);
    expect(() => partyIdFrom(Buffer.alloc(5))).toThrow(RangeError);
  });
});
