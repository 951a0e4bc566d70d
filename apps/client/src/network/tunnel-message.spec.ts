import fc from 'fast-check';
import { proofMatches, publicKeyOf, sharedSecret } from '#shared/auth/proof';
import { decodeTunnelMessage, encodeGoodbye, encodePlain, expectedGoodbyeProof } from './tunnel-message';

const nonce = Buffer.from('0001020304050607', 'hex');
const aliceKey = Buffer.alloc(32, 1);
const bobKey = Buffer.alloc(32, 2);
const secret = sharedSecret(aliceKey, publicKeyOf(bobKey));

describe('messages inside of the tunnel', () => {
  it('are bytes as documented', () => {
    expect(encodePlain('echo_request', nonce).toString('hex')).toBe('4c414e31010000000001020304050607');
    expect(encodePlain('echo_reply', nonce).toString('hex')).toBe('4c414e31020000000001020304050607');
    expect(encodePlain('sent', nonce).toString('hex')).toBe('4c414e31040000000001020304050607');
    expect(encodeGoodbye(secret, nonce).toString('hex')).toMatch(
      /^4c414e31030000000001020304050607[\da-f]{32}$/,
    );
  });

  it.each(['echo_request', 'echo_reply', 'sent'] as const)('%s is read as it was written', (type) => {
    expect(decodeTunnelMessage(encodePlain(type, nonce))).toEqual({ type, nonce });
  });

  it('answer in as many bytes as they ask with', () => {
    expect(encodePlain('echo_reply', nonce)).toHaveLength(encodePlain('echo_request', nonce).length);
  });

  it.each([
    ['empty', ''],
    ['cut', '4c414e310100000000010203040506'],
    ['lengthened', '4c414e3101000000000102030405060700'],
    ['of another protocol', '4c414e32010000000001020304050607'],
    ['of an unknown type', '4c414e31050000000001020304050607'],
    ['with something reserved', '4c414e31010000010001020304050607'],
    ['a goodbye without proof', '4c414e31030000000001020304050607'],
  ])('%s are none', (_name, hex) => {
    expect(decodeTunnelMessage(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('draw no exception from garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
        const datagram = Buffer.concat([Buffer.from('LAN1'), garbage]);
        expect([undefined, 'echo_request', 'echo_reply', 'goodbye']).toContain(
          decodeTunnelMessage(datagram)?.type,
        );
      }),
    );
  });
});

describe('the proof of a goodbye', () => {
  const goodbye = decodeTunnelMessage(encodeGoodbye(secret, nonce));
  if (goodbye?.type !== 'goodbye') throw new Error('not a goodbye');

  it('is accepted by the one it was said to', () => {
    const ofBob = sharedSecret(bobKey, publicKeyOf(aliceKey));
    expect(proofMatches(expectedGoodbyeProof(ofBob, nonce), goodbye.proof)).toBe(true);
  });

  it('cannot be made with other keys or for another nonce', () => {
    const ofStranger = sharedSecret(Buffer.alloc(32, 3), publicKeyOf(bobKey));
    expect(proofMatches(expectedGoodbyeProof(ofStranger, nonce), goodbye.proof)).toBe(false);
    expect(proofMatches(expectedGoodbyeProof(secret, Buffer.alloc(8)), goodbye.proof)).toBe(false);
  });
});
