import { createHmac } from 'node:crypto';
import { peerIdOf } from '#shared/party/identity';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { Tokens } from './tokens';

const secret = 'a secret of the server';
const publicKey = parsePublicKey('hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=') as PublicKey;
const identity = { peerId: peerIdOf(publicKey), publicKey };
const nowMs = 1_800_000_000_000;
const tokens = new Tokens(secret, 3600);
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string, key = secret) =>
  `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;

describe('Tokens', () => {
  const { token, expiresAtMs } = tokens.issue(identity, nowMs);

  it('speak for their peer until they expire', () => {
    expect(expiresAtMs).toBe(nowMs + 3_600_000);
    expect(tokens.verify(token, nowMs)).toEqual(identity);
    expect(tokens.verify(token, expiresAtMs - 1)).toEqual(identity);
    expect(tokens.verify(token, expiresAtMs)).toBeNull();
  });

  it('are JSON Web Tokens, signed with HMAC-SHA256', () => {
    const claims = { sub: identity.peerId, key: publicKey, exp: expiresAtMs / 1000 };
    expect(token).toBe(sign(`${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`));
  });

  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = { sub: identity.peerId, key: publicKey, exp: expiresAtMs / 1000 };
  it.each([
    ['nothing', ''],
    ['text', 'not a token'],
    ['a missing signature', `${header}.${payload}`],
    ['an empty signature', `${header}.${payload}.`],
    ['a cut signature', `${header}.${payload}.${signature.slice(0, -2)}`],
    ['a fourth part', `${token}.x`],
    ["another server's signature", sign(`${header}.${payload}`, 'another secret')],
    [
      "another peer's name under the same signature",
      `${header}.${encode({ ...claims, sub: '0'.repeat(16) })}.${signature}`,
    ],
    ['no algorithm', `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`],
    ['another algorithm, well signed', sign(`${encode({ alg: 'HS512', typ: 'JWT' })}.${payload}`)],
    ['other claims, well signed', sign(`${header}.${encode({ sub: 'admin', exp: claims.exp })}`)],
  ])('are refused with %s', (_what, forged) => {
    expect(tokens.verify(forged, nowMs)).toBeNull();
  });
});
