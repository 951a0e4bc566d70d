import { blake2s } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { wireguardCapture } from '../../../../test/vectors/wireguard';
import { type PublicKey, parsePublicKey, publicKeyBytes } from './key';
import { isMeantFor, mac1KeyOf, mac1Over } from './mac1';

const keyOf = (text: string) => parsePublicKey(text) as PublicKey;
const toInitiator = mac1KeyOf(keyOf(wireguardCapture.initiatorPublicKey));
const toResponder = mac1KeyOf(keyOf(wireguardCapture.responderPublicKey));
const { initiation, response } = wireguardCapture;

describe('mac1', () => {
  it('tells for whom a message of wireguard-go is meant', () => {
    expect(isMeantFor(toResponder, initiation, 'initiation')).toBe(true);
    expect(isMeantFor(toInitiator, initiation, 'initiation')).toBe(false);
    expect(isMeantFor(toInitiator, response, 'response')).toBe(true);
    expect(isMeantFor(toResponder, response, 'response')).toBe(false);
  });

  it('covers every bit before it and is compared in every bit', () => {
    for (let bit = 0; bit < 132 * 8; bit++) {
      const changed = Buffer.from(initiation);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(isMeantFor(toResponder, changed, 'initiation')).toBe(false);
    }
  });

  it('leaves mac2 alone', () => {
    const withCookie = Buffer.from(initiation).fill(0xaa, 132);
    expect(isMeantFor(toResponder, withCookie, 'initiation')).toBe(true);
  });

  it('is the keyed BLAKE2s of another implementation, over messages of whatever length', () => {
    const recipient = keyOf(wireguardCapture.initiatorPublicKey);
    const key = blake2s(Buffer.concat([Buffer.from('mac1----'), publicKeyBytes(recipient)]));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (covered) => {
        expect([...mac1Over(covered, toInitiator)]).toEqual([...blake2s(covered, { key, dkLen: 16 })]);
      }),
    );
  });
});
