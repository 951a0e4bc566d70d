import { NameClaims } from './name-claims';

describe('NameClaims', () => {
  it('gives a name to the first one who asks, until that one has connected', () => {
    const claims = new NameClaims();
    expect(claims.claim('fra', 'one', 0)).toBe(true);
    expect(claims.claim('fra', 'two', 1)).toBe(false);
    expect(claims.claim('nyc', 'two', 1)).toBe(true);
    expect(claims.take('fra', 'two')).toBe(false);
    expect(claims.take('fra', 'one')).toBe(true);
    expect(claims.take('fra', 'one')).toBe(false);
    expect(claims.claim('fra', 'two', 2)).toBe(true);
  });

  it('does not keep a name for somebody who does not come', () => {
    const claims = new NameClaims();
    claims.claim('fra', 'one', 0);
    expect(claims.claim('fra', 'two', 4999)).toBe(false);
    expect(claims.claim('fra', 'two', 5000)).toBe(true);
    expect(claims.take('fra', 'one')).toBe(false);
  });
});
